package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const tolerance = 5 * time.Minute

var (
	secrets = strings.Fields(os.Getenv("HOOK_SECRET")) // one, or both while they are changed
	taken   sync.Map                                   // in earnest: a table with a unique column
)

// verify checks a request by Standard Webhooks; body is the request's, byte for byte.
func verify(header http.Header, body []byte) error {
	id, timestamp, given := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp"), header.Get("Webhook-Signature")
	if id == "" || timestamp == "" || given == "" {
		return errors.New("a header is missing: webhook-id, webhook-timestamp or webhook-signature")
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errors.New("webhook-timestamp is no number of seconds")
	}
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			return errors.New("the secret is not base64")
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		expected := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		for _, signature := range strings.Fields(given) {
			if hmac.Equal([]byte(expected), []byte(signature)) { // takes as long wherever they differ
				if age := time.Since(time.Unix(seconds, 0)); age.Abs() > tolerance {
					return fmt.Errorf("signed %.0f seconds ago: a clock is wrong, or an old request is sent again", age.Seconds())
				}
				return nil
			}
		}
	}
	return errors.New("the secret is another one, or the body was altered on its way")
}

func receive(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, 1<<20))
	if err != nil {
		http.Error(writer, "the body could not be read", http.StatusBadRequest)
		return
	}
	if err := verify(request.Header, body); err != nil {
		http.Error(writer, err.Error(), http.StatusUnauthorized)
		return
	}
	if _, before := taken.LoadOrStore(request.Header.Get("Webhook-Id"), true); !before {
		take(body)
	}
	fmt.Fprintln(writer, "ok")
}

func take(body []byte) {
	var event struct {
		Event, Action string
		Payload       struct {
			Workflow struct {
				ID string `json:"workflow_id"`
			}
		}
	}
	// a later version may send other events and other actions: ignore them
	if json.Unmarshal(body, &event) == nil && event.Event == "workflow" {
		fmt.Println(event.Payload.Workflow.ID, event.Action)
	}
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8000"
	}
	http.HandleFunc("POST /", receive)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}
