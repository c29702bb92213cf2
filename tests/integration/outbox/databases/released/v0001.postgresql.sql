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
INSERT INTO public.bellwire_attempts VALUES (1, '01a20cc8-b3ae-7840-87b2-ab5c4871f348', 1, 'sent', 1700000003000000, 1500, NULL, NULL, 200, NULL, NULL, 'first');
INSERT INTO public.bellwire_attempts VALUES (2, '01a20cc8-b9a6-7d2b-896d-da1bf95bbedf', 1, 'failed', 1700000006000000, 1500, 'answer', '503 ‘busy’', 503, NULL, NULL, 'first');
INSERT INTO public.bellwire_attempts VALUES (3, '01a20cc8-ba19-739e-adc1-dad94e98bd05', 1, 'sent', 1700000009000000, 1500, NULL, NULL, 200, NULL, NULL, 'first');
INSERT INTO public.bellwire_attempts VALUES (4, '01a20cc8-ba19-739e-adc1-dad94e98bd05', 2, 'sent', 1700000012000000, 1500, NULL, NULL, 200, NULL, NULL, 'first');
INSERT INTO public.bellwire_attempts VALUES (5, '01a20cc8-bb3a-7232-9d3f-0dacc1355b4c', 1, 'failed', 1700000016000000, 1500, 'answer', '503 ‘busy’', 503, NULL, NULL, 'first');
INSERT INTO public.bellwire_channel_state VALUES ('hook', false, 5, 1700000016000000, NULL, NULL, 1700000016000000);
INSERT INTO public.bellwire_channel_state VALUES ('held', true, 0, NULL, NULL, NULL, 1700000021000000);
INSERT INTO public.bellwire_deliveries VALUES (2, '01a20cc8-b3ae-745c-b361-2f64b3833052', 1, 'held', 'wf-sent', 'waiting', 1700000001000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000001000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (1, '01a20cc8-b3ae-7840-87b2-ab5c4871f348', 1, 'hook', 'wf-sent', 'delivered', 1700000003000000, NULL, NULL, NULL, 1, 0, 0, NULL, NULL, 1700000001000000, 1700000003000000);
INSERT INTO public.bellwire_deliveries VALUES (4, '01a20cc8-b9a6-7a13-b6ec-966349cf8e19', 2, 'held', 'wf-failed', 'waiting', 1700000004000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000004000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (3, '01a20cc8-b9a6-7d2b-896d-da1bf95bbedf', 2, 'hook', 'wf-failed', 'failed', 1700000006000000, NULL, NULL, NULL, 1, 0, 0, NULL, '503 ‘busy’', 1700000004000000, 1700000006000000);
INSERT INTO public.bellwire_deliveries VALUES (6, '01a20cc8-ba19-74d0-b32c-b81fcdb6f6a1', 3, 'held', 'wf-replayed', 'waiting', 1700000007000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000007000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (7, '01a20cc8-ba19-739e-adc1-dad94e98bd05', 3, 'hook', 'wf-replayed', 'delivered', 1700000012000000, NULL, NULL, NULL, 2, 1, 0, NULL, NULL, 1700000007000000, 1700000012000000);
INSERT INTO public.bellwire_deliveries VALUES (8, '01a20cc8-bae6-74a2-9c90-ff035678b351', 4, 'hook', 'wf-cancelled', 'cancelled', 1700000013000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000013000000, 1700000013000000);
INSERT INTO public.bellwire_deliveries VALUES (9, '01a20cc8-bae6-75cb-b09b-48d1efdfb359', 4, 'held', 'wf-cancelled', 'cancelled', 1700000013000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000013000000, 1700000013000000);
INSERT INTO public.bellwire_deliveries VALUES (11, '01a20cc8-bb3a-778e-9eeb-c76c25338751', 5, 'held', 'wf-order', 'waiting', 1700000014000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000014000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (10, '01a20cc8-bb3a-7232-9d3f-0dacc1355b4c', 5, 'hook', 'wf-order', 'waiting', 1700000076000000, NULL, NULL, NULL, 1, 0, 0, 101700000016000000, '503 ‘busy’', 1700000014000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (13, '01a20cc8-bbaf-77ad-8c7e-70a2e161439f', 6, 'held', 'wf-order', 'waiting', 1700000017000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000017000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (12, '01a20cc8-bbaf-739b-a85f-d4ca48738f58', 6, 'hook', 'wf-order', 'parked', 1700000017000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000017000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (15, '01a20cc8-bbfb-76a1-ba81-a6070fcc81a9', 7, 'held', 'wf-claimed', 'waiting', 1700000019000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000019000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (14, '01a20cc8-bbfa-74df-975b-34d59804e6fc', 7, 'hook', 'wf-claimed', 'claimed', 1700000019000000, 247356791347109664, 1700000050000000, 'dead', 0, 0, 0, NULL, NULL, 1700000019000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (16, '01a20cc8-bc62-7f51-8982-69272aa5998b', 8, 'hook', 'WF-waiting ', 'waiting', 1700000021000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000021000000, NULL);
INSERT INTO public.bellwire_deliveries VALUES (17, '01a20cc8-bc62-73a8-80b3-8364a1d951c7', 8, 'held', 'WF-waiting ', 'waiting', 1700000021000000, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 1700000021000000, NULL);
INSERT INTO public.bellwire_dispatchers VALUES ('dead', 'h', 1, '{}', '0', 'x', '{}', 1700000019000000, 1700000019000000);
INSERT INTO public.bellwire_events VALUES (1, 'sent', 'workflow', 'create', 'wf-sent', '{"event":"workflow","action":"create","timestamp":"2026-11-24T09:00:09Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-sent","workflow_subject":"went out","workflow_status":"finished"}}}', '{}', NULL, 1700000001000000);
INSERT INTO public.bellwire_events VALUES (2, 'failed', 'workflow', 'create', 'wf-failed', '{"event":"workflow","action":"create","timestamp":"2026-11-24T09:00:11Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-failed","workflow_subject":"could not be sent","workflow_status":"finished"}}}', '{}', NULL, 1700000004000000);
INSERT INTO public.bellwire_events VALUES (3, 'replayed', 'workflow', 'create', 'wf-replayed', '{"event":"workflow","action":"create","timestamp":"2026-11-24T09:00:11Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-replayed","workflow_subject":"once more","workflow_status":"finished"}}}', '{}', NULL, 1700000007000000);
INSERT INTO public.bellwire_events VALUES (4, 'cancelled', 'workflow', 'create', 'wf-cancelled', '{"event":"workflow","action":"create","timestamp":"2026-11-24T09:00:11Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-cancelled","workflow_subject":"not any more","workflow_status":"finished"}}}', '{}', NULL, 1700000013000000);
INSERT INTO public.bellwire_events VALUES (5, 'retried', 'workflow', 'create', 'wf-order', '{"event":"workflow","action":"create","timestamp":"2026-11-24T09:00:11Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-order","workflow_subject":"the head of a key","workflow_status":"finished"}}}', '{}', NULL, 1700000014000000);
INSERT INTO public.bellwire_events VALUES (6, 'parked', 'workflow', 'create', 'wf-order', '{"event":"workflow","action":"create","timestamp":"2026-11-24T09:00:11Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-order","workflow_subject":"waits for the head","workflow_status":"finished"}}}', '{}', NULL, 1700000017000000);
INSERT INTO public.bellwire_events VALUES (7, 'claimed', 'workflow', 'create', 'wf-claimed', '{"event":"workflow","action":"create","timestamp":"2026-11-24T09:00:11Z","payload":{"workflow":{"project_name":"p","workflow_id":"wf-claimed","workflow_subject":"its dispatcher died","workflow_status":"finished"}}}', '{}', NULL, 1700000019000000);
INSERT INTO public.bellwire_events VALUES (8, 'waiting', 'workflow', 'create', 'WF-waiting ', '{"event":"workflow","action":"create","timestamp":"2026-11-24T09:00:11Z","payload":{"workflow":{"project_name":"p","workflow_id":"WF-waiting ","workflow_subject":"🔔 ''quoted'' \"doubly\" \\ back; 工单\n","workflow_status":"finished","note":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","null":null}}}', '{}', NULL, 1700000021000000);
INSERT INTO public.bellwire_meta VALUES ('instance_id', 'd973a10f-6740-4f1a-bc38-2e31e0380c9c');
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
