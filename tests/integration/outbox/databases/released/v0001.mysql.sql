CREATE TABLE `bellwire_alembic_version` (
  `version_num` varchar(32) NOT NULL,
  PRIMARY KEY (`version_num`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `bellwire_alembic_version` VALUES ('0001');
CREATE TABLE `bellwire_attempts` (
  `seq` bigint(20) NOT NULL AUTO_INCREMENT,
  `delivery_id` varchar(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `number` int(11) NOT NULL,
  `outcome` varchar(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `started_at` bigint(20) NOT NULL,
  `duration` bigint(20) NOT NULL,
  `stage` varchar(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin DEFAULT NULL,
  `detail` text DEFAULT NULL,
  `status_code` int(11) DEFAULT NULL,
  `response` text DEFAULT NULL,
  `stages` text DEFAULT NULL,
  `dispatcher` varchar(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin DEFAULT NULL,
  PRIMARY KEY (`seq`),
  KEY `bellwire_attempts_of_delivery` (`delivery_id`,`seq`)
) ENGINE=InnoDB AUTO_INCREMENT=6 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `bellwire_attempts` VALUES (1,'01a20d2b-2414-7f85-83ce-9234d0d76b10',1,'sent',1700000003000000,1500,NULL,NULL,200,NULL,NULL,'first');
INSERT INTO `bellwire_attempts` VALUES (2,'01a20d2b-252d-742f-9dbd-7797c2651617',1,'failed',1700000006000000,1500,'answer','503 ‘busy’',503,NULL,NULL,'first');
INSERT INTO `bellwire_attempts` VALUES (3,'01a20d2b-2535-7131-894c-37ceead1a9be',1,'sent',1700000009000000,1500,NULL,NULL,200,NULL,NULL,'first');
INSERT INTO `bellwire_attempts` VALUES (4,'01a20d2b-2535-7131-894c-37ceead1a9be',2,'sent',1700000012000000,1500,NULL,NULL,200,NULL,NULL,'first');
INSERT INTO `bellwire_attempts` VALUES (5,'01a20d2b-2553-7675-8394-eec74a8e071d',1,'failed',1700000016000000,1500,'answer','503 ‘busy’',503,NULL,NULL,'first');
CREATE TABLE `bellwire_channel_state` (
  `channel` varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `paused` tinyint(1) NOT NULL,
  `failures` int(11) NOT NULL,
  `failing_since` bigint(20) DEFAULT NULL,
  `held_until` bigint(20) DEFAULT NULL,
  `last_success_at` bigint(20) DEFAULT NULL,
  `paused_at` bigint(20) DEFAULT NULL,
  `paused_by` text DEFAULT NULL,
  `paused_reason` text DEFAULT NULL,
  `updated_at` bigint(20) NOT NULL,
  PRIMARY KEY (`channel`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `bellwire_channel_state` VALUES ('held',1,0,NULL,NULL,NULL,1700000021000000,NULL,NULL,1700000021000000);
INSERT INTO `bellwire_channel_state` VALUES ('hook',0,5,1700000016000000,NULL,NULL,NULL,NULL,NULL,1700000016000000);
CREATE TABLE `bellwire_deliveries` (
  `seq` bigint(20) NOT NULL AUTO_INCREMENT,
  `id` varchar(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `event_seq` bigint(20) NOT NULL,
  `channel` varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `ordering_key` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `state` varchar(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `due_at` bigint(20) NOT NULL,
  `lease_token` bigint(20) DEFAULT NULL,
  `lease_until` bigint(20) DEFAULT NULL,
  `dispatcher` varchar(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin DEFAULT NULL,
  `attempts` int(11) NOT NULL,
  `budget_start` int(11) NOT NULL,
  `interruptions` int(11) NOT NULL,
  `holds_until` bigint(20) DEFAULT NULL,
  `error` text DEFAULT NULL,
  `created_at` bigint(20) NOT NULL,
  `settled_at` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`seq`),
  UNIQUE KEY `id` (`id`),
  UNIQUE KEY `bellwire_deliveries_of_event` (`event_seq`,`channel`),
  KEY `bellwire_deliveries_due_all` (`channel`,`state`,`due_at`,`seq`),
  KEY `bellwire_deliveries_open_all` (`channel`,`ordering_key`,`settled_at`,`seq`),
  KEY `bellwire_deliveries_claimed_all` (`state`,`lease_token`),
  KEY `bellwire_deliveries_holding_all` (`settled_at`,`holds_until`),
  KEY `bellwire_deliveries_failed_all` (`state`,`settled_at`),
  CONSTRAINT `bellwire_deliveries_ibfk_1` FOREIGN KEY (`event_seq`) REFERENCES `bellwire_events` (`seq`) ON DELETE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=18 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `bellwire_deliveries` VALUES (1,'01a20d2b-2414-7f85-83ce-9234d0d76b10',1,'hook','wf-sent','delivered',1700000003000000,NULL,NULL,NULL,1,0,0,NULL,NULL,1700000001000000,1700000003000000);
INSERT INTO `bellwire_deliveries` VALUES (2,'01a20d2b-2414-7bfa-98ed-84e8e90f4649',1,'held','wf-sent','waiting',1700000001000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000001000000,NULL);
INSERT INTO `bellwire_deliveries` VALUES (3,'01a20d2b-252d-742f-9dbd-7797c2651617',2,'hook','wf-failed','failed',1700000006000000,NULL,NULL,NULL,1,0,0,NULL,'503 ‘busy’',1700000004000000,1700000006000000);
INSERT INTO `bellwire_deliveries` VALUES (4,'01a20d2b-252d-75db-83d8-e842019619f1',2,'held','wf-failed','waiting',1700000004000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000004000000,NULL);
INSERT INTO `bellwire_deliveries` VALUES (6,'01a20d2b-2535-7df4-af36-f10a573aa394',3,'held','wf-replayed','waiting',1700000007000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000007000000,NULL);
INSERT INTO `bellwire_deliveries` VALUES (7,'01a20d2b-2535-7131-894c-37ceead1a9be',3,'hook','wf-replayed','delivered',1700000012000000,NULL,NULL,NULL,2,1,0,NULL,NULL,1700000007000000,1700000012000000);
INSERT INTO `bellwire_deliveries` VALUES (8,'01a20d2b-254c-7a72-adc7-08c8944ec9b9',4,'hook','wf-cancelled','cancelled',1700000013000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000013000000,1700000013000000);
INSERT INTO `bellwire_deliveries` VALUES (9,'01a20d2b-254c-7ef1-a1af-4d201a3be3e7',4,'held','wf-cancelled','cancelled',1700000013000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000013000000,1700000013000000);
INSERT INTO `bellwire_deliveries` VALUES (10,'01a20d2b-2553-7675-8394-eec74a8e071d',5,'hook','wf-order','waiting',1700000076000000,NULL,NULL,NULL,1,0,0,101700000016000000,'503 ‘busy’',1700000014000000,NULL);
INSERT INTO `bellwire_deliveries` VALUES (11,'01a20d2b-2553-78c7-9123-15d31f2f2d62',5,'held','wf-order','waiting',1700000014000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000014000000,NULL);
INSERT INTO `bellwire_deliveries` VALUES (12,'01a20d2b-255b-706f-a67a-2a6f678922b2',6,'hook','wf-order','parked',1700000017000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000017000000,NULL);
INSERT INTO `bellwire_deliveries` VALUES (13,'01a20d2b-255b-763c-9faf-8f2e9d4ede3b',6,'held','wf-order','waiting',1700000017000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000017000000,NULL);
INSERT INTO `bellwire_deliveries` VALUES (14,'01a20d2b-256a-76ee-a276-2e420b6ade1e',7,'hook','wf-claimed','claimed',1700000019000000,3494321419365623422,1700000050000000,'dead',0,0,0,NULL,NULL,1700000019000000,NULL);
INSERT INTO `bellwire_deliveries` VALUES (15,'01a20d2b-256a-7e83-b4f4-c9bfa56aa247',7,'held','wf-claimed','waiting',1700000019000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000019000000,NULL);
INSERT INTO `bellwire_deliveries` VALUES (16,'01a20d2b-2574-7590-a8fd-782d506960be',8,'hook','WF-waiting ','waiting',1700000021000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000021000000,NULL);
INSERT INTO `bellwire_deliveries` VALUES (17,'01a20d2b-2574-7503-85a9-1eec110b43c5',8,'held','WF-waiting ','waiting',1700000021000000,NULL,NULL,NULL,0,0,0,NULL,NULL,1700000021000000,NULL);
CREATE TABLE `bellwire_dispatchers` (
  `id` varchar(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `host` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `pid` int(11) NOT NULL,
  `process` text NOT NULL,
  `version` text NOT NULL,
  `config_digest` text NOT NULL,
  `lanes` longtext NOT NULL,
  `started_at` bigint(20) NOT NULL,
  `seen_at` bigint(20) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `bellwire_dispatchers` VALUES ('dead','h',1,'{}','0','x','{}',1700000019000000,1700000019000000);
CREATE TABLE `bellwire_events` (
  `seq` bigint(20) NOT NULL AUTO_INCREMENT,
  `id` varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `kind` varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `action` varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `ordering_key` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `payload` longtext NOT NULL,
  `unwanted` longtext NOT NULL,
  `trace` text DEFAULT NULL,
  `created_at` bigint(20) NOT NULL,
  PRIMARY KEY (`seq`),
  UNIQUE KEY `id` (`id`),
  KEY `bellwire_events_by_key` (`ordering_key`,`seq`)
) ENGINE=InnoDB AUTO_INCREMENT=9 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `bellwire_events` VALUES (1,'sent','workflow','create','wf-sent','{\"event\":\"workflow\",\"action\":\"create\",\"timestamp\":\"2026-11-24T10:47:40Z\",\"payload\":{\"workflow\":{\"project_name\":\"p\",\"workflow_id\":\"wf-sent\",\"workflow_subject\":\"went out\",\"workflow_status\":\"finished\"}}}','{}',NULL,1700000001000000);
INSERT INTO `bellwire_events` VALUES (2,'failed','workflow','create','wf-failed','{\"event\":\"workflow\",\"action\":\"create\",\"timestamp\":\"2026-11-24T10:47:41Z\",\"payload\":{\"workflow\":{\"project_name\":\"p\",\"workflow_id\":\"wf-failed\",\"workflow_subject\":\"could not be sent\",\"workflow_status\":\"finished\"}}}','{}',NULL,1700000004000000);
INSERT INTO `bellwire_events` VALUES (3,'replayed','workflow','create','wf-replayed','{\"event\":\"workflow\",\"action\":\"create\",\"timestamp\":\"2026-11-24T10:47:41Z\",\"payload\":{\"workflow\":{\"project_name\":\"p\",\"workflow_id\":\"wf-replayed\",\"workflow_subject\":\"once more\",\"workflow_status\":\"finished\"}}}','{}',NULL,1700000007000000);
INSERT INTO `bellwire_events` VALUES (4,'cancelled','workflow','create','wf-cancelled','{\"event\":\"workflow\",\"action\":\"create\",\"timestamp\":\"2026-11-24T10:47:41Z\",\"payload\":{\"workflow\":{\"project_name\":\"p\",\"workflow_id\":\"wf-cancelled\",\"workflow_subject\":\"not any more\",\"workflow_status\":\"finished\"}}}','{}',NULL,1700000013000000);
INSERT INTO `bellwire_events` VALUES (5,'retried','workflow','create','wf-order','{\"event\":\"workflow\",\"action\":\"create\",\"timestamp\":\"2026-11-24T10:47:41Z\",\"payload\":{\"workflow\":{\"project_name\":\"p\",\"workflow_id\":\"wf-order\",\"workflow_subject\":\"the head of a key\",\"workflow_status\":\"finished\"}}}','{}',NULL,1700000014000000);
INSERT INTO `bellwire_events` VALUES (6,'parked','workflow','create','wf-order','{\"event\":\"workflow\",\"action\":\"create\",\"timestamp\":\"2026-11-24T10:47:41Z\",\"payload\":{\"workflow\":{\"project_name\":\"p\",\"workflow_id\":\"wf-order\",\"workflow_subject\":\"waits for the head\",\"workflow_status\":\"finished\"}}}','{}',NULL,1700000017000000);
INSERT INTO `bellwire_events` VALUES (7,'claimed','workflow','create','wf-claimed','{\"event\":\"workflow\",\"action\":\"create\",\"timestamp\":\"2026-11-24T10:47:41Z\",\"payload\":{\"workflow\":{\"project_name\":\"p\",\"workflow_id\":\"wf-claimed\",\"workflow_subject\":\"its dispatcher died\",\"workflow_status\":\"finished\"}}}','{}',NULL,1700000019000000);
INSERT INTO `bellwire_events` VALUES (8,'waiting','workflow','create','WF-waiting ','{\"event\":\"workflow\",\"action\":\"create\",\"timestamp\":\"2026-11-24T10:47:41Z\",\"payload\":{\"workflow\":{\"project_name\":\"p\",\"workflow_id\":\"WF-waiting \",\"workflow_subject\":\"🔔 \'quoted\' \\\"doubly\\\" \\\\ back; 工单\\n\",\"workflow_status\":\"finished\",\"note\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",\"null\":null}}}','{}',NULL,1700000021000000);
CREATE TABLE `bellwire_meta` (
  `name` varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `value` text NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `bellwire_meta` VALUES ('instance_id','a06dd689-876d-4de1-adac-a1a75a5a4272');
INSERT INTO `bellwire_meta` VALUES ('min_compatible','1');
INSERT INTO `bellwire_meta` VALUES ('schema','1');
