;; Sign extension and saturating conversion.
(module (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) (drop (i64.extend32_s (i64.const 0xffffffff))) (drop (i32.extend16_s (i32.const 0xffff))) (i32.const 0)))
