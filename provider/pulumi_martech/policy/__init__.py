"""Rules, guards and risk as pure functions over model and plan."""
