;; Wants more memory than an actor may have.
(module (memory (export "memory") 8193) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
