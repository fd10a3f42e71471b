;; A block with a parameter.
(module (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) (i32.const 0) (block (param i32) (result i32))))
