;; A tail call.
(module (memory (export "memory") 1) (func $f (param i32) (result i32) (i32.const 0)) (func (export "invoke") (param i32) (result i32) (return_call $f (local.get 0))))
