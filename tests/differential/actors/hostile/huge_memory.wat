;; Wants 4 GiB.
(module (memory (export "memory") 65536) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
