;; Runs code on instantiation.
(module (memory (export "memory") 1) (global $n (mut i32) (i32.const 0)) (func $go (global.set $n (i32.const 7))) (start $go) (func (export "invoke") (param i32) (result i32) (if (i32.ne (global.get $n) (i32.const 7)) (then unreachable)) (i32.const 0)))
