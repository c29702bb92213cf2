import json
import os
import sqlite3

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse
from verify import VerificationError, verify

SECRETS = os.environ["HOOK_SECRET"].split()  # one, or both while they are changed
DATABASE = os.environ.get("HOOK_DATABASE", "hooks.db")

app = FastAPI()
with sqlite3.connect(DATABASE) as database:
    database.execute("CREATE TABLE IF NOT EXISTS taken (webhook_id TEXT PRIMARY KEY)")


@app.post("/")
async def receive(request: Request) -> PlainTextResponse:
    body = await request.body()  # not a model in the signature: what is signed are these bytes
    try:
        delivery = verify(body, request.headers, SECRETS)
    except VerificationError as error:
        return PlainTextResponse(f"{error}\n", 401)
    await run_in_threadpool(take_once, delivery.webhook_id, body)
    return PlainTextResponse("ok\n")


def take_once(webhook_id: str, body: bytes) -> None:
    with sqlite3.connect(DATABASE) as database:  # one transaction: the id, and the work
        if database.execute("INSERT OR IGNORE INTO taken VALUES (?)", [webhook_id]).rowcount:
            take(json.loads(body))


def take(event: dict) -> None:
    if event["event"] == "workflow":  # a later version may send other events and other actions: ignore them
        workflow = event["payload"]["workflow"]
        print(workflow["workflow_id"], event["action"], flush=True)


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), log_level="warning")
