"""Client categories of MiFID II: asked for with evidence, set by a second person, kept."""
