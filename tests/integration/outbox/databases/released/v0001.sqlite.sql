BEGIN TRANSACTION;
CREATE TABLE bellwire_alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT bellwire_alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "bellwire_alembic_version" VALUES('0001');
CREATE TABLE bellwire_attempts (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	delivery_id VARCHAR(36) NOT NULL, 
	number INTEGER NOT NULL, 
	outcome VARCHAR(12) NOT NULL, 
	started_at BIGINT NOT NULL, 
	duration BIGINT NOT NULL, 
	stage VARCHAR(12), 
	detail TEXT, 
	status_code INTEGER, 
	response TEXT, 
	stages TEXT, 
	dispatcher VARCHAR(36)
);
INSERT INTO "bellwire_attempts" VALUES(1,'01a20d2b-1abd-7e6f-857d-1f6342bf8ec8',1,'sent',1700000003000000,1500,NULL,NULL,200,NULL,NULL,'first');
INSERT INTO "bellwire_attempts" VALUES(2,'01a20d2b-1b6b-7ecf-b70b-f3120465b3b3',1,'failed',1700000006000000,1500,'answer','503 ‘busy’',503,NULL,NULL,'first');
INSERT INTO "bellwire_attempts" VALUES(3,'01a20d2b-1b77-740c-a884-c87d3583e0b1',1,'sent',1700000009000000,1500,NULL,NULL,200,NULL,NULL,'first');
INSERT INTO "bellwire_attempts" VALUES(4,'01a20d2b-1b77-740c-a884-c87d3583e0b1',2,'sent',1700000012000000,1500,NULL,NULL,200,NULL,NULL,'first');
INSERT INTO "bellwire_attempts" VALUES(5,'01a20d2b-1b97-75b7-8a4d-c5c922973909',1,'failed',1700000016000000,1500,'answer','503 ‘busy’',503,NULL,NULL,'first');
CREATE TABLE bellwire_channel_state (
	channel VARCHAR(100) NOT NULL, 
	paused BOOLEAN NOT NULL, 
	failures INTEGER NOT NULL, 
	failing_since BIGINT, 
	held_until BIGINT, 
	last_success_at BIGINT, 
	paused_at BIGINT, 
	paused_by TEXT, 
	paused_reason TEXT, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY (channel)
);
INSERT INTO "bellwire_channel_state" VALUES('hook',0,5,1700000016000000,NULL,NULL,NULL,NULL,NULL,1700000016000000);
INSERT INTO "bellwire_channel_state" VALUES('held',1,0,NULL,NULL,NULL,1700000021000000,NULL,NULL,1700000021000000);
CREATE TABLE bellwire_deliveries (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR(36) NOT NULL, 
	event_seq INTEGER NOT NULL, 
	channel VARCHAR(100) NOT NULL, 
	ordering_key VARCHAR(255) NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	due_at BIGINT NOT NULL, 
	lease_token BIGINT, 
	lease_until BIGINT, 
	dispatcher VARCHAR(36), 
	attempts INTEGER NOT NULL, 
	budget_start INTEGER NOT NULL, 
	interruptions INTEGER NOT NULL, 
	holds_until BIGINT, 
	error TEXT, 
	created_at BIGINT NOT NULL, 
	settled_at BIGINT, 
	UNIQUE (id), 
	FOREIGN KEY(event_seq) REFERENCES bellwire_events (seq) ON DELETE CASCADE
);
INSERT INTO "bellwire_deliveries" VALUES(1,'01a20d2b-1abd-7e6f-857d-1f6342bf8ec8',1,'hook','wf-sent','delivered',1700000003000000,NULL,NULL,NULL,1,0,0,NULL,NULL,1700000001000000,1700000003000000);
INSERT INTO "bellwire_deliveries" VALUES(2,'01a20d2b-1abd-7342-a306-242c2c414aa9',1,'held','wf-sent','waiting',1700000001000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000001000000,NULL);
INSERT INTO "bellwire_deliveries" VALUES(3,'01a20d2b-1b6b-7ecf-b70b-f3120465b3b3',2,'hook','wf-failed','failed',1700000006000000,NULL,NULL,NULL,1,0,0,NULL,'503 ‘busy’',1700000004000000,1700000006000000);
INSERT INTO "bellwire_deliveries" VALUES(4,'01a20d2b-1b6b-7456-94a4-c332eeeb675c',2,'held','wf-failed','waiting',1700000004000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000004000000,NULL);
INSERT INTO "bellwire_deliveries" VALUES(6,'01a20d2b-1b77-70a0-bb82-ff819fae654a',3,'held','wf-replayed','waiting',1700000007000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000007000000,NULL);
INSERT INTO "bellwire_deliveries" VALUES(7,'01a20d2b-1b77-740c-a884-c87d3583e0b1',3,'hook','wf-replayed','delivered',1700000012000000,NULL,NULL,NULL,2,1,0,NULL,NULL,1700000007000000,1700000012000000);
INSERT INTO "bellwire_deliveries" VALUES(8,'01a20d2b-1b8f-7eb6-9800-80ff73353ecf',4,'hook','wf-cancelled','cancelled',1700000013000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000013000000,1700000013000000);
INSERT INTO "bellwire_deliveries" VALUES(9,'01a20d2b-1b8f-7d55-94eb-86a56fe2bd0b',4,'held','wf-cancelled','cancelled',1700000013000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000013000000,1700000013000000);
INSERT INTO "bellwire_deliveries" VALUES(10,'01a20d2b-1b97-75b7-8a4d-c5c922973909',5,'hook','wf-order','waiting',1700000076000000,NULL,NULL,NULL,1,0,0,101700000016000000,'503 ‘busy’',1700000014000000,NULL);
INSERT INTO "bellwire_deliveries" VALUES(11,'01a20d2b-1b97-7ae4-9465-1edd3d4bc554',5,'held','wf-order','waiting',1700000014000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000014000000,NULL);
INSERT INTO "bellwire_deliveries" VALUES(12,'01a20d2b-1b99-758a-97fa-ea5724ab83e9',6,'hook','wf-order','parked',1700000017000000,428301179405766081,1700000048000000,'first',0,0,0,NULL,NULL,1700000017000000,NULL);
INSERT INTO "bellwire_deliveries" VALUES(13,'01a20d2b-1b99-7d86-a600-95c3b63c6db5',6,'held','wf-order','waiting',1700000017000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000017000000,NULL);
INSERT INTO "bellwire_deliveries" VALUES(14,'01a20d2b-1b9a-72d5-9ea8-2a904f0f95b3',7,'hook','wf-claimed','claimed',1700000019000000,3629478713777979009,1700000050000000,'dead',0,0,0,NULL,NULL,1700000019000000,NULL);
INSERT INTO "bellwire_deliveries" VALUES(15,'01a20d2b-1b9a-7bed-97f0-34e8140b59de',7,'held','wf-claimed','waiting',1700000019000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000019000000,NULL);
INSERT INTO "bellwire_deliveries" VALUES(16,'01a20d2b-1ba1-7257-a999-72ab4eaee7ca',8,'hook','WF-waiting ','waiting',1700000021000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000021000000,NULL);
INSERT INTO "bellwire_deliveries" VALUES(17,'01a20d2b-1ba1-7f55-9918-c6194b3b965e',8,'held','WF-waiting ','waiting',1700000021000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000021000000,NULL);
CREATE TABLE bellwire_dispatchers (
	id VARCHAR(36) NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	pid INTEGER NOT NULL, 
	process TEXT NOT NULL, 
	version TEXT NOT NULL, 
	config_digest TEXT NOT NULL, 
	lanes TEXT NOT NULL, 
	started_at BIGINT NOT NULL, 
	seen_at BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "bellwire_dispatchers" VALUES('dead','h',1,'{}','0','x','{}',1700000019000000,1700000019000000);
CREATE TABLE bellwire_events (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR(200) NOT NULL, 
	kind VARCHAR(100) NOT NULL, 
	action VARCHAR(100) NOT NULL, 
	ordering_key VARCHAR(255) NOT NULL, 
	payload TEXT NOT NULL, 
	unwanted TEXT NOT NULL, 
	trace TEXT, 
	created_at BIGINT NOT NULL, 
	UNIQUE (id)
);
INSERT INTO "bellwire_events" VALUES(1,'sent','workflow','create','wf-sent','{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:38Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-sent","workflow_subject":"went out","workflow_status":"finished"}}}','{}',NULL,1700000001000000);
INSERT INTO "bellwire_events" VALUES(2,'failed','workflow','create','wf-failed','{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:38Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-failed","workflow_subject":"could not be sent","workflow_status":"finished"}}}','{}',NULL,1700000004000000);
INSERT INTO "bellwire_events" VALUES(3,'replayed','workflow','create','wf-replayed','{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:38Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-replayed","workflow_subject":"once more","workflow_status":"finished"}}}','{}',NULL,1700000007000000);
INSERT INTO "bellwire_events" VALUES(4,'cancelled','workflow','create','wf-cancelled','{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:38Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-cancelled","workflow_subject":"not any more","workflow_status":"finished"}}}','{}',NULL,1700000013000000);
INSERT INTO "bellwire_events" VALUES(5,'retried','workflow','create','wf-order','{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:38Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-order","workflow_subject":"the head of a key","workflow_status":"finished"}}}','{}',NULL,1700000014000000);
INSERT INTO "bellwire_events" VALUES(6,'parked','workflow','create','wf-order','{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:38Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-order","workflow_subject":"waits for the head","workflow_status":"finished"}}}','{}',NULL,1700000017000000);
INSERT INTO "bellwire_events" VALUES(7,'claimed','workflow','create','wf-claimed','{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:38Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-claimed","workflow_subject":"its dispatcher died","workflow_status":"finished"}}}','{}',NULL,1700000019000000);
INSERT INTO "bellwire_events" VALUES(8,'waiting','workflow','create','WF-waiting ','{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:38Z","payload":{"workflow":{"project_name":"p","workflow_id":"WF-waiting ","workflow_subject":"🔔 ''quoted'' \"doubly\" \\ back; 工单\n","workflow_status":"finished","note":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","null":null}}}','{}',NULL,1700000021000000);
CREATE TABLE bellwire_meta (
	name VARCHAR(100) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "bellwire_meta" VALUES('instance_id','ad46b543-97f9-413d-997b-54599b13f81a');
INSERT INTO "bellwire_meta" VALUES('schema','1');
INSERT INTO "bellwire_meta" VALUES('min_compatible','1');
CREATE INDEX bellwire_events_by_key ON bellwire_events (ordering_key, seq);
CREATE UNIQUE INDEX bellwire_deliveries_of_event ON bellwire_deliveries (event_seq, channel);
CREATE INDEX bellwire_deliveries_due ON bellwire_deliveries (channel, due_at, seq) WHERE state = 'waiting';
CREATE INDEX bellwire_deliveries_open ON bellwire_deliveries (channel, ordering_key, seq) WHERE settled_at IS NULL;
CREATE INDEX bellwire_deliveries_claimed ON bellwire_deliveries (lease_token) WHERE state = 'claimed';
CREATE INDEX bellwire_deliveries_holding ON bellwire_deliveries (holds_until) WHERE holds_until IS NOT NULL AND settled_at IS NULL;
CREATE INDEX bellwire_deliveries_failed ON bellwire_deliveries (settled_at) WHERE state = 'failed';
CREATE INDEX bellwire_attempts_of_delivery ON bellwire_attempts (delivery_id, seq);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('bellwire_events',8);
INSERT INTO "sqlite_sequence" VALUES('bellwire_deliveries',17);
INSERT INTO "sqlite_sequence" VALUES('bellwire_attempts',5);
COMMIT;
