import odd

odd.Odd("a", "holes")
odd.Odd("b", "nothing")
odd.Odd("c", "unknown")
