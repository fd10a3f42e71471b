;; Two memories.
(module (memory (export "memory") 1) (memory 1) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
