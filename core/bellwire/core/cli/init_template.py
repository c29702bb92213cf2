"""The configuration file that ``bellwire init`` writes."""

from __future__ import annotations

from typing import Final

TEMPLATE: Final = """\
# Bellwire's configuration. `bellwire check` shows what is wrong with it, all at once.
#
# What stands behind a "#" is the default, or an example. Every setting can also come from the environment:
# BELLWIRE_PLATFORM_NAME, and for one of a channel BELLWIRE_CHANNELS__OPS_WEBHOOK__URL.

# Where events and deliveries are kept. A relative path is taken from this file's folder.
# database = "sqlite:///bellwire.db"

# In whose name messages for people speak, and in which language: "en" or "zh".
# platform_name = "SQLE"
# locale = "en"

# Who delivers: "embedded", a background thread of each process that publishes; or "off", then run `bellwire worker`.
# dispatch = "embedded"

# What channels may connect to: "internal", private addresses too; or "public", global addresses only.
# egress = "internal"

# Networks, addresses and host names: the only ones that channels may connect to, unless empty; and those they may not.
# egress_allow = ["192.168.0.0/16", "hooks.example.org", "*.corp.example"]
# egress_deny = ["192.168.21.1"]

# Plugins and event kinds as module:Name, channel types as name=module:Class.
# plugins = ["myapp.notify:Plugin"]

# Actions that the platform publishes beside create, approve, reject, exec_success and exec_failed.
# workflow_actions = ["cancel"]

# For how long events stay in the log: once delivered everywhere, and when a delivery failed for good.
# keep_delivered = "30d"
# keep_failed = "90d"

# Bytes that an event may have; a larger one is refused when it is published.
# max_event_bytes = 262144

# Fields of events that are neither stored nor sent, and such that are masked; * is any name or number.
# drop_fields = ["payload.workflow.workflow_desc"]
# mask_fields = ["payload.workflow.assignees.*.phone"]

# The key beside this file, bellwire.key, was made for you; keep it out of version control. This version does not need
# it yet. One that keeps secrets of channels in the database encrypts them with what BELLWIRE_SECRET_KEY holds:
#     export BELLWIRE_SECRET_KEY="$(cat bellwire.key)"


# A channel. Its name is yours: a-z, 0-9 and "-". There may be any number of them.
[channels.ops-webhook]
type = "webhook"    # `bellwire types` lists the types there are
enable = false      # true, once url is set

# Where events are sent to, over http or https.
# url = "http://192.168.21.34:8000"

# Sent as `Authorization: Bearer …`. Better not written here: { env = "NAME" } or { file = "PATH" } names its place.
# token = { env = "OPS_WEBHOOK_TOKEN" }

# Whether requests are signed: "none"; "standard", as Standard Webhooks has it, with secrets that begin with whsec_ or
# whsk_; or "github", X-Hub-Signature-256, with any text. While secrets are changed, a list of both: all of them sign.
# signature = "standard"
# signing_secret = { env = "OPS_WEBHOOK_SIGNING_SECRET" }

# In place of a token: Basic authorization. Further headers, whose values are secrets like the token.
# username = ""
# password = ""
# headers = { X-Api-Key = { env = "OPS_WEBHOOK_KEY" } }
# user_agent = ""

# A JSON document that is sent in place of the event's own; {{path}} in its strings is a value of the event.
# payload_template = '{"text": "{{payload.workflow.workflow_subject}}: {{action}}"}'

# How many times an event is sent at most, 0 to 5, the first time included; and the seconds between, 1 to 5.
max_retry_times = 3
retry_interval_seconds = 1

# Recommended: when the receiver is down, hold what is due and look for it with one delivery at a time, so that an
# outage of an hour does not use up the sends of everything that was published meanwhile.
# hold_when_down = true

# Delays before each further send, in place of the two settings above; for receivers that may be away for long.
# retry_schedule = ["5s", "5m", "30m", "2h"]

# Only what is named here is sent; empty means all. Projects may be patterns.
# actions = ["approve", "reject"]
# projects = ["billing-*"]

# What counts as delivered: "200", that answer alone, or "2xx".
# accept_status = "200"

# Over https, certificates to trust instead of the system's; and our own, for receivers that want one, with its key and
# that one's password. All are PEM files; a relative path is taken from this file's folder.
# ca_file = ""
# client_certificate_file = ""
# client_key_file = ""
# client_key_password = ""

# Whether the receiver's certificate is looked at. Rather name it in ca_file than not.
# verify_tls = true

# The HTTP proxy that events go through, such as "http://proxy.corp.example:3128"; and whether, without one here,
# HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say which.
# proxy = ""
# proxy_from_environment = false

# What `bellwire test` sends: "message", a text marked as a test; or "workflow", a sample event.
# test_payload = "message"

# Seconds until the connection must stand, and for one send as a whole.
# connect_timeout_seconds = 5.0
# timeout_seconds = 15.0

# How many sends may be under way at once, and how many may begin per second (0: no limit); both per process.
# concurrency = 16
# max_per_second = 0.0

# Whether one workflow's events keep their order ("key") or not ("none"); and how long later ones wait behind one that
# fails, before they pass it.
# ordering = "key"
# order_patience = "10m"

# Whether this channel is also told when another channel starts failing, and when it works again.
# channel_events = false
"""
