<?php
// The configuration of one run: what differs comes from the environment.
$origin = getenv('MARTECH_TEST_ORIGIN');
define('DB_NAME', 'wp');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:' . getenv('MARTECH_TEST_DB'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('WP_HOME', $origin);
define('WP_SITEURL', $origin);
// Application passwords over plain http are for local sites only.
define('WP_ENVIRONMENT_TYPE', 'local');
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
    define($name . '_KEY', getenv('MARTECH_TEST_SALT') . $name);
    define($name . '_SALT', $name . getenv('MARTECH_TEST_SALT'));
}
$table_prefix = 'wp_';
require_once ABSPATH . 'wp-settings.php';
