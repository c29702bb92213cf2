import os
import sqlite3

from flask import Flask, request
from verify import VerificationError, verify

SECRETS = os.environ["HOOK_SECRET"].split()  # one, or both while they are changed
DATABASE = os.environ.get("HOOK_DATABASE", "hooks.db")

app = Flask(__name__)
with sqlite3.connect(DATABASE) as database:
    database.execute("CREATE TABLE IF NOT EXISTS taken (webhook_id TEXT PRIMARY KEY)")


@app.post("/")
def receive() -> tuple[str, int]:
    try:
        delivery = verify(request.get_data(), request.headers, SECRETS)
    except VerificationError as error:
        return f"{error}\n", 401
    with sqlite3.connect(DATABASE) as database:  # one transaction: the id, and the work
        new = database.execute("INSERT OR IGNORE INTO taken VALUES (?)", [delivery.webhook_id]).rowcount
        if new:
            take(request.get_json())
    return "ok\n", 200


def take(event: dict) -> None:
    if event["event"] == "workflow":  # a later version may send other events and other actions: ignore them
        workflow = event["payload"]["workflow"]
        print(workflow["workflow_id"], event["action"], flush=True)


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "8000")))
