;; May not grow: says so itself.
(module (memory (export "memory") 1 2) (func (export "invoke") (param i32) (result i32) (if (i32.ne (memory.grow (i32.const 1)) (i32.const 1)) (then unreachable)) (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) (i32.const 0)))
