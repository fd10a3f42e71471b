;; A memory shared between threads, and an atomic.
(module (memory (export "memory") 1 1 shared) (func (export "invoke") (param i32) (result i32) (i32.atomic.load (i32.const 0))))
