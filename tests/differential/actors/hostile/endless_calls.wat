;; Two functions call each other forever.
(module (memory (export "memory") 1) (func $a (call $b)) (func $b (call $a)) (func (export "invoke") (param i32) (result i32) (call $a) (i32.const 0)))
