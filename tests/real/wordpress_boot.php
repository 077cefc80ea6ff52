<?php
// Make the empty database a site with one administrator, a role of its own and pretty links; print
// the administrator's application password.
define('WP_INSTALLING', true);
$origin = parse_url(getenv('MARTECH_TEST_ORIGIN'));
$_SERVER['HTTP_HOST'] = $origin['host'] . ':' . $origin['port'];
require getenv('MARTECH_TEST_SITE') . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');

$installed = wp_install('Brand site', 'admin', 'admin@example.com', false, '', wp_generate_password(24));
add_role('campaign_editor', 'Campaign Editor', ['read' => true, 'edit_posts' => true, 'upload_files' => true]);
update_option('permalink_structure', '/%postname%/');
[$password] = WP_Application_Passwords::create_new_application_password(
    $installed['user_id'], ['name' => 'provisioning']);
echo "\npassword=", $password, "\n";
