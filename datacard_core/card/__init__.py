"""Parts of the object that scripts know as `Datacard`: its attributes, its sections, and the rules of subclasses."""
