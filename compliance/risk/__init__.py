"""The risk score of clients: a model in versions, an assessment that can be explained."""
