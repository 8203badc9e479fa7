"""城市感知 things: the register of devices, their frames, their readings and alarms."""
