;; A function reference in a table, set at run time.
(module (memory (export "memory") 1) (table $t 2 funcref) (elem declare func $f) (func $f (param i32) (result i32) (i32.const 0)) (func (export "invoke") (param i32) (result i32) (table.set $t (i32.const 0) (ref.func $f)) (call_indirect (param i32) (result i32) (i32.const 1) (i32.const 0))))
