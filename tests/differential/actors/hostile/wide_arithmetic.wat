;; 128-bit addition.
(module (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) (drop (drop (i64.add128 (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)))) (i32.const 0)))
