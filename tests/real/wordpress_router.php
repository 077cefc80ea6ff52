<?php
// For PHP's own server: existing files as they are, everything else through WordPress.
$site = getenv('MARTECH_TEST_SITE');
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path !== '/' && is_file($site . $path)) {
    return false;
}
chdir($site);
$_SERVER['SCRIPT_NAME'] = '/index.php';
require $site . '/index.php';
