;; Passive data: init, drop, init again (a trap).
(module (memory (export "memory") 1) (data $d "hello") (func (export "invoke") (param i32) (result i32) (memory.init $d (i32.const 8) (i32.const 0) (i32.const 5)) (data.drop $d) (memory.init $d (i32.const 8) (i32.const 0) (i32.const 1)) (i32.const 0)))
