"""`sluice loadtester`: commands and gates for the webhooks of Canaries, behind the API that their users know."""
