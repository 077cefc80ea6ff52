"""The golden state: recorded once, it must preview empty, refresh and destroy ever after."""
