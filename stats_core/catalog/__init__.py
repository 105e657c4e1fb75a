"""What may be asked: entities with their fields, measures, relations and scope paths, on sources that run them."""
