"""The peers layer: gateways others wrote, installed from their registries, beside penstock and nginx."""
