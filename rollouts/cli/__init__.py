"""What a user types. Every command is a module of its own, imported when it is asked for: `sluice status` starts in
a tenth of a second because nothing that it does not use is loaded."""
