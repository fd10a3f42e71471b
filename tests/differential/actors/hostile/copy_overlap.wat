;; Overlapping copies, copies of nothing, copies beyond the end.
(module (memory (export "memory") 1)
  (func (export "invoke") (param i32) (result i32)
    (memory.fill (i32.const 0) (i32.const 7) (i32.const 100))
    (memory.copy (i32.const 1) (i32.const 0) (i32.const 99))
    (memory.copy (i32.const 0) (i32.const 1) (i32.const 99))
    (memory.copy (i32.const 65536) (i32.const 65536) (i32.const 0))
    (memory.copy (i32.const 65500) (i32.const 0) (i32.const 37))
    (i32.const 0)))
