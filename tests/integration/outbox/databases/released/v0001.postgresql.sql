SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.bellwire_alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.bellwire_attempts (
    seq bigint NOT NULL,
    delivery_id character varying(36) NOT NULL,
    number integer NOT NULL,
    outcome character varying(12) NOT NULL,
    started_at bigint NOT NULL,
    duration bigint NOT NULL,
    stage character varying(12),
    detail text,
    status_code integer,
    response text,
    stages text,
    dispatcher character varying(36)
);
CREATE SEQUENCE public.bellwire_attempts_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.bellwire_attempts_seq_seq OWNED BY public.bellwire_attempts.seq;
CREATE TABLE public.bellwire_channel_state (
    channel character varying(100) NOT NULL,
    paused boolean NOT NULL,
    failures integer NOT NULL,
    failing_since bigint,
    held_until bigint,
    last_success_at bigint,
    paused_at bigint,
    paused_by text,
    paused_reason text,
    updated_at bigint NOT NULL
);
CREATE TABLE public.bellwire_deliveries (
    seq bigint NOT NULL,
    id character varying(36) NOT NULL,
    event_seq bigint NOT NULL,
    channel character varying(100) NOT NULL,
    ordering_key character varying(255) NOT NULL,
    state character varying(12) NOT NULL,
    due_at bigint NOT NULL,
    lease_token bigint,
    lease_until bigint,
    dispatcher character varying(36),
    attempts integer NOT NULL,
    budget_start integer NOT NULL,
    interruptions integer NOT NULL,
    holds_until bigint,
    error text,
    created_at bigint NOT NULL,
    settled_at bigint
);
CREATE SEQUENCE public.bellwire_deliveries_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.bellwire_deliveries_seq_seq OWNED BY public.bellwire_deliveries.seq;
CREATE TABLE public.bellwire_dispatchers (
    id character varying(36) NOT NULL,
    host character varying(255) NOT NULL,
    pid integer NOT NULL,
    process text NOT NULL,
    version text NOT NULL,
    config_digest text NOT NULL,
    lanes text NOT NULL,
    started_at bigint NOT NULL,
    seen_at bigint NOT NULL
);
CREATE TABLE public.bellwire_events (
    seq bigint NOT NULL,
    id character varying(200) NOT NULL,
    kind character varying(100) NOT NULL,
    action character varying(100) NOT NULL,
    ordering_key character varying(255) NOT NULL,
    payload text NOT NULL,
    unwanted text NOT NULL,
    trace text,
    created_at bigint NOT NULL
);
CREATE SEQUENCE public.bellwire_events_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.bellwire_events_seq_seq OWNED BY public.bellwire_events.seq;
CREATE TABLE public.bellwire_meta (
    name character varying(100) NOT NULL,
    value text NOT NULL
);
ALTER TABLE ONLY public.bellwire_attempts ALTER COLUMN seq SET DEFAULT nextval('public.bellwire_attempts_seq_seq'::regclass);
ALTER TABLE ONLY public.bellwire_deliveries ALTER COLUMN seq SET DEFAULT nextval('public.bellwire_deliveries_seq_seq'::regclass);
ALTER TABLE ONLY public.bellwire_events ALTER COLUMN seq SET DEFAULT nextval('public.bellwire_events_seq_seq'::regclass);
INSERT INTO public.bellwire_alembic_version VALUES ('0001');
INSERT INTO public.bellwire_attempts VALUES (1, '01a20d2b-1edf-78e2-b83a-866b1e270b74', 1, 'sent', 1700000003000000, 1500, NULL, NULL, 200, NULL, NULL, 'first');
INSERT INTO public.bellwire_attempts VALUES (2, '01a20d2b-1fec-7851-8c7a-5816be6c971a', 1, 'failed', 1700000006000000, 1500, 'answer', '503 ‘busy’', 503, NULL, NULL, 'first');
INSERT INTO public.bellwire_attempts VALUES (3, '01a20d2b-1ffa-7a45-a875-d6822e7d17b4', 1, 'sent', 1700000009000000, 1500, NULL, NULL, 200, NULL, NULL, 'first');
INSERT INTO public.bellwire_attempts VALUES (4, '01a20d2b-1ffa-7a45-a875-d6822e7d17b4', 2, 'sent', 1700000012000000, 1500, NULL, NULL, 200, NULL, NULL, 'first');
INSERT INTO public.bellwire_attempts VALUES (5, '01a20d2b-201b-737c-952e-e0e182e30096', 1, 'failed', 1700000016000000, 1500, 'answer', '503 ‘busy’', 503, NULL, NULL, 'first');
INSERT INTO public.bellwire_channel_state VALUES ('hook', false, 5, 1700000016000000, NULL, NULL, NULL, NULL, NULL, 1700000016000000);
INSERT INTO public.bellwire_channel_state VALUES ('held', true, 0, NULL, NULL, NULL, 1700000021000000, NULL, NULL, 1700000021000000);
INSERT INTO public.bellwire_deliveries VALUES (2, '01a20d2b-1edf-746c-aa8a-4cb03e658ae5', 1, 'held', 'wf-sent', 'waiting', 1700000001000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000001000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (1, '01a20d2b-1edf-78e2-b83a-866b1e270b74', 1, 'hook', 'wf-sent', 'delivered', 1700000003000000, NULL, NULL, NULL, 1, 0, 0, NULL, NULL, 1700000001000000, 1700000003000000);
INSERT INTO public.bellwire_deliveries VALUES (4, '01a20d2b-1fec-787a-bdc4-b7404d6abd42', 2, 'held', 'wf-failed', 'waiting', 1700000004000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000004000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (3, '01a20d2b-1fec-7851-8c7a-5816be6c971a', 2, 'hook', 'wf-failed', 'failed', 1700000006000000, NULL, NULL, NULL, 1, 0, 0, NULL, '503 ‘busy’', 1700000004000000, 1700000006000000);
INSERT INTO public.bellwire_deliveries VALUES (6, '01a20d2b-1ffa-78b3-90ac-3bd5cd8d6b5e', 3, 'held', 'wf-replayed', 'waiting', 1700000007000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000007000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (7, '01a20d2b-1ffa-7a45-a875-d6822e7d17b4', 3, 'hook', 'wf-replayed', 'delivered', 1700000012000000, NULL, NULL, NULL, 2, 1, 0, NULL, NULL, 1700000007000000, 1700000012000000);
INSERT INTO public.bellwire_deliveries VALUES (8, '01a20d2b-2012-7ad9-90b7-42b51c81f169', 4, 'hook', 'wf-cancelled', 'cancelled', 1700000013000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000013000000, 1700000013000000);
INSERT INTO public.bellwire_deliveries VALUES (9, '01a20d2b-2012-7f98-bf27-89f17fa7f9b4', 4, 'held', 'wf-cancelled', 'cancelled', 1700000013000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000013000000, 1700000013000000);
INSERT INTO public.bellwire_deliveries VALUES (11, '01a20d2b-201b-7a2a-a76d-82e475d3dd66', 5, 'held', 'wf-order', 'waiting', 1700000014000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000014000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (10, '01a20d2b-201b-737c-952e-e0e182e30096', 5, 'hook', 'wf-order', 'waiting', 1700000076000000, NULL, NULL, NULL, 1, 0, 0, 101700000016000000, '503 ‘busy’', 1700000014000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (13, '01a20d2b-2025-73cb-9cf3-962db568f0df', 6, 'held', 'wf-order', 'waiting', 1700000017000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000017000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (12, '01a20d2b-2025-78c4-85d3-ac3d11d91737', 6, 'hook', 'wf-order', 'parked', 1700000017000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000017000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (15, '01a20d2b-202e-7ced-b0b5-af6c74106fbd', 7, 'held', 'wf-claimed', 'waiting', 1700000019000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000019000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (14, '01a20d2b-202e-7131-8331-dcaf7b70bb95', 7, 'hook', 'wf-claimed', 'claimed', 1700000019000000, 272930879743067142, 1700000050000000, 'dead', 0, 0, 0, NULL, NULL, 1700000019000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (16, '01a20d2b-203e-7a52-a6aa-54af8c8bfdd1', 8, 'hook', 'WF-waiting ', 'waiting', 1700000021000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000021000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (17, '01a20d2b-203e-7d9a-9882-f3c9d4db7846', 8, 'held', 'WF-waiting ', 'waiting', 1700000021000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000021000000, NULL);
INSERT INTO public.bellwire_dispatchers VALUES ('dead', 'h', 1, '{}', '0', 'x', '{}', 1700000019000000, 1700000019000000);
INSERT INTO public.bellwire_events VALUES (1, 'sent', 'workflow', 'create', 'wf-sent', '{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:39Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-sent","workflow_subject":"went out","workflow_status":"finished"}}}', '{}', NULL, 1700000001000000);
INSERT INTO public.bellwire_events VALUES (2, 'failed', 'workflow', 'create', 'wf-failed', '{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:39Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-failed","workflow_subject":"could not be sent","workflow_status":"finished"}}}', '{}', NULL, 1700000004000000);
INSERT INTO public.bellwire_events VALUES (3, 'replayed', 'workflow', 'create', 'wf-replayed', '{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:39Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-replayed","workflow_subject":"once more","workflow_status":"finished"}}}', '{}', NULL, 1700000007000000);
INSERT INTO public.bellwire_events VALUES (4, 'cancelled', 'workflow', 'create', 'wf-cancelled', '{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:39Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-cancelled","workflow_subject":"not any more","workflow_status":"finished"}}}', '{}', NULL, 1700000013000000);
INSERT INTO public.bellwire_events VALUES (5, 'retried', 'workflow', 'create', 'wf-order', '{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:39Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-order","workflow_subject":"the head of a key","workflow_status":"finished"}}}', '{}', NULL, 1700000014000000);
INSERT INTO public.bellwire_events VALUES (6, 'parked', 'workflow', 'create', 'wf-order', '{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:39Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-order","workflow_subject":"waits for the head","workflow_status":"finished"}}}', '{}', NULL, 1700000017000000);
INSERT INTO public.bellwire_events VALUES (7, 'claimed', 'workflow', 'create', 'wf-claimed', '{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:39Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-claimed","workflow_subject":"its dispatcher died","workflow_status":"finished"}}}', '{}', NULL, 1700000019000000);
INSERT INTO public.bellwire_events VALUES (8, 'waiting', 'workflow', 'create', 'WF-waiting ', '{"event":"workflow","action":"create","timestamp":"2026-11-24T10:47:39Z","payload":{"workflow":{"project_name":"p","workflow_id":"WF-waiting ","workflow_subject":"🔔 ''quoted'' \"doubly\" \\ back; 工单\n","workflow_status":"finished","note":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","null":null}}}', '{}', NULL, 1700000021000000);
INSERT INTO public.bellwire_meta VALUES ('instance_id', '5f291841-b408-44cc-926c-aa1a72310f35');
INSERT INTO public.bellwire_meta VALUES ('schema', '1');
INSERT INTO public.bellwire_meta VALUES ('min_compatible', '1');
SELECT pg_catalog.setval('public.bellwire_attempts_seq_seq', 5, true);
SELECT pg_catalog.setval('public.bellwire_deliveries_seq_seq', 17, true);
SELECT pg_catalog.setval('public.bellwire_events_seq_seq', 8, true);
ALTER TABLE ONLY public.bellwire_alembic_version
    ADD CONSTRAINT bellwire_alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.bellwire_attempts
    ADD CONSTRAINT bellwire_attempts_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.bellwire_channel_state
    ADD CONSTRAINT bellwire_channel_state_pkey PRIMARY KEY (channel);
ALTER TABLE ONLY public.bellwire_deliveries
    ADD CONSTRAINT bellwire_deliveries_id_key UNIQUE (id);
ALTER TABLE ONLY public.bellwire_deliveries
    ADD CONSTRAINT bellwire_deliveries_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.bellwire_dispatchers
    ADD CONSTRAINT bellwire_dispatchers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.bellwire_events
    ADD CONSTRAINT bellwire_events_id_key UNIQUE (id);
ALTER TABLE ONLY public.bellwire_events
    ADD CONSTRAINT bellwire_events_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.bellwire_meta
    ADD CONSTRAINT bellwire_meta_pkey PRIMARY KEY (name);
CREATE INDEX bellwire_attempts_of_delivery ON public.bellwire_attempts USING btree (delivery_id, seq);
CREATE INDEX bellwire_deliveries_claimed ON public.bellwire_deliveries USING btree (lease_token) WHERE ((state)::text = 'claimed'::text);
CREATE INDEX bellwire_deliveries_due ON public.bellwire_deliveries USING btree (channel, due_at, seq) WHERE ((state)::text = 'waiting'::text);
CREATE INDEX bellwire_deliveries_failed ON public.bellwire_deliveries USING btree (settled_at) WHERE ((state)::text = 'failed'::text);
CREATE INDEX bellwire_deliveries_holding ON public.bellwire_deliveries USING btree (holds_until) WHERE ((holds_until IS NOT NULL) AND (settled_at IS NULL));
CREATE UNIQUE INDEX bellwire_deliveries_of_event ON public.bellwire_deliveries USING btree (event_seq, channel);
CREATE INDEX bellwire_deliveries_open ON public.bellwire_deliveries USING btree (channel, ordering_key, seq) WHERE (settled_at IS NULL);
CREATE INDEX bellwire_events_by_key ON public.bellwire_events USING btree (ordering_key, seq);
ALTER TABLE ONLY public.bellwire_deliveries
    ADD CONSTRAINT bellwire_deliveries_event_seq_fkey FOREIGN KEY (event_seq) REFERENCES public.bellwire_events(seq) ON DELETE CASCADE;
