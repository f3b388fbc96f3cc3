"""The scale layer: many streams at once, slow readers, more workers, and hours made short."""
