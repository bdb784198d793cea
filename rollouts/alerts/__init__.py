"""Chats that are told of alerts, one module each; see registry. What is sent and to where, as flows without I/O."""
