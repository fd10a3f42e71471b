;; A function with two results.
(module (memory (export "memory") 1) (func $f (result i32 i32) (i32.const 0) (i32.const 0)) (func (export "invoke") (param i32) (result i32) (call $f) (i32.add)))
