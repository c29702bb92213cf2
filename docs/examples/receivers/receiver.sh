#!/usr/bin/env bash
# A CGI program (RFC 3875): headers come as variables, the body on standard input. Needs openssl and jq.
set -euo pipefail

tolerance=300
folder=${HOOK_FOLDER:-taken}
body=$(mktemp)
trap 'rm -f "$body"' EXIT
head -c "${CONTENT_LENGTH:-0}" >"$body"

answer() {
    printf 'Status: %s\r\nContent-Type: text/plain\r\n\r\n%s\n' "$1" "$2"
    exit 0
}

# The HMAC of standard input by a whsec_ key. Others on this machine may see the key in the list of processes.
hmac() {
    local key
    key=$(printf %s "${1#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A
}

id=${HTTP_WEBHOOK_ID:-} timestamp=${HTTP_WEBHOOK_TIMESTAMP:-} given=${HTTP_WEBHOOK_SIGNATURE:-}
if [[ -z $id || -z $timestamp || -z $given ]]; then
    answer 401 'a header is missing: webhook-id, webhook-timestamp or webhook-signature'
fi
[[ $timestamp =~ ^[0-9]{1,15}$ ]] || answer 401 'webhook-timestamp is no number of seconds'

right=
read -ra signatures <<<"$given"
for secret in $HOOK_SECRET; do # one, or both while they are changed
    expected=v1,$({ printf %s "$id.$timestamp." && cat "$body"; } | hmac "$secret")
    for signature in "${signatures[@]}"; do
        # digests are compared, so that the time which it takes tells nothing of the signature
        if [[ $(printf %s "$signature" | sha256sum) == $(printf %s "$expected" | sha256sum) ]]; then right=yes; fi
    done
done
[[ -n $right ]] || answer 401 'the secret is another one, or the body was altered on its way'

age=$(($(date +%s) - timestamp))
((${age#-} <= tolerance)) || answer 401 "signed $age seconds ago: a clock is wrong, or an old request is sent again"

# making a folder either works or fails, also where two requests come at the same time
mkdir -p "$folder"
if mkdir "$folder/$(printf %s "$id" | sha256sum | cut -c 1-64)" 2>/dev/null; then
    # a later version may send other events and other actions: ignore them
    jq -r 'select(.event == "workflow") | .payload.workflow.workflow_id + " " + .action' "$body" >>"$folder/events"
fi
answer 200 ok
