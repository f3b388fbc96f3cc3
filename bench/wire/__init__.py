"""The wire layer: penstock under granian and nginx, side by side over loopback."""
