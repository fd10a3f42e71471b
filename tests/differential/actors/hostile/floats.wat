;; Floats everywhere: arithmetic, conversion, parameters.
(module (memory (export "memory") 1)
  (func $mix (param f32 f64) (result f64) (f64.copysign (f64.add (f64.promote_f32 (local.get 0)) (local.get 1)) (f64.const -1)))
  (func (export "invoke") (param i32) (result i32)
    (drop (call $mix (f32.const nan) (f64.const inf)))
    (drop (i32.trunc_sat_f64_s (f64.nearest (f64.const 2.5))))
    (i32.const 0)))
