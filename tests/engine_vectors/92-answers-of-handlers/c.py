import odd

odd.Odd("a", "other")
odd.Odd("b", "nothing")
