;; The driver: an actor that runs a small program from its parameters, so that one actor can make any syscall with any
;; argument. `src/driver.rs` fills in the lines that start with an at sign for the ABI of a network version;
;; `src/program.rs` writes programs and documents the encoding.
;;
;; Memory: 0x00..0x40 the driver's own, 0x40..0x4000 scratch of the program, 0x4000..0x10000 the log, program from 0x10000.
;; Parameters that do not start with the magic "FLG1" are taken for a constructor's: they become the state, in an array of one.
(module
  @IMPORTS
  (type $op (func (param i32) (result i32)))
  (type $other (func (param i64) (result i64)))
  (memory (export "memory") 4)
  (table (export "table") 4 4 funcref)
  (elem (i32.const 0) $identity $other_kind)
  (global $pc (mut i32) (i32.const 0))
  (global $args (mut i32) (i32.const 0))
  (global $log (mut i32) (i32.const 0x4000))
  (global $depth (mut i64) (i64.const 0))

  (func $identity (type $op) (local.get 0))
  (func $other_kind (type $other) (i64.add (local.get 0) (i64.const 1)))

  ;; Endless recursion with a few locals: the stack-height limit must end it.
  (func $recurse (param $a i64) (param $b i64) (result i64)
    (global.set $depth (i64.add (global.get $depth) (i64.const 1)))
    (i64.add (local.get $a) (call $recurse (local.get $b) (i64.add (local.get $a) (i64.const 1)))))

  ;; Recursion to a given depth, which may or may not fit the stack.
  (func $dive (param $n i32) (result i32)
    (if (result i32) (i32.eqz (local.get $n))
      (then (i32.const 0))
      (else (i32.add (i32.const 1) (call $dive (i32.sub (local.get $n) (i32.const 1)))))))

  ;; Value of argument $i of the operation at hand: 12 bytes each, kind and immediate.
  (func $arg (param $i i32) (result i64)
    (local $at i32) (local $imm i32)
    (local.set $at (i32.add (global.get $args) (i32.mul (local.get $i) (i32.const 12))))
    (local.set $imm (i32.load offset=4 (local.get $at)))
    (block $from_end (block $wide (block $narrow (block $immediate
      (br_table $immediate $narrow $wide $from_end (i32.load (local.get $at))))
      (return (i64.load offset=4 (local.get $at))))
      (return (i64.load32_u (local.get $imm))))
      (return (i64.load (local.get $imm))))
    (i64.extend_i32_u (i32.add (i32.mul (memory.size) (i32.const 65536)) (local.get $imm))))
  (func $arg32 (param $i i32) (result i32) (i32.wrap_i64 (call $arg (local.get $i))))

  ;; Appends to the log; once it is full, nothing more.
  (func $log32 (param $value i32)
    (if (i32.le_u (global.get $log) (i32.const 0xfffc)) (then
      (i32.store (global.get $log) (local.get $value))
      (global.set $log (i32.add (global.get $log) (i32.const 4))))))
  (func $log_bytes (param $from i32) (param $length i32)
    (if (i32.le_u (local.get $length) (i32.sub (i32.const 0x10000) (global.get $log))) (then
      (memory.copy (global.get $log) (local.get $from) (local.get $length))
      (global.set $log (i32.add (global.get $log) (local.get $length))))))

  ;; FNV-1a over a range.
  (func $sum (param $from i32) (param $length i32) (result i32)
    (local $h i32)
    (local.set $h (i32.const 0x811c9dc5))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $length)))
        (local.set $h (i32.mul (i32.const 0x01000193)
          (i32.xor (local.get $h) (i32.load8_u (local.get $from)))))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $length (i32.sub (local.get $length) (i32.const 1)))
        (br $next)))
    (local.get $h))

  (func $trap (param $kind i32)
    (block $k10 (block $k9 (block $k8 (block $k7 (block $k6 (block $k5 (block $k4 (block $k3 (block $k2 (block $k1 (block $k0
      (br_table $k0 $k1 $k2 $k3 $k4 $k5 $k6 $k7 $k8 $k9 $k10 (local.get $kind)))
      unreachable)
      (drop (i32.div_u (i32.const 1) (i32.load (i32.const 0x3ffc)))) (return))
      (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))) (return))
      (drop (i64.load offset=0xfffffff0 (i32.const 0xffffffff))) (return))
      (drop (call_indirect (type $op) (i32.const 0) (i32.const 2))) (return))
      (drop (call_indirect (type $op) (i32.const 0) (i32.const 1))) (return))
      (drop (call_indirect (type $op) (i32.const 0) (i32.const 77))) (return))
      (drop (call $recurse (i64.const 1) (i64.const 2))) (return))
      (drop (i32.trunc_f64_s (f64.const 1e300))) (return))
      (memory.fill (i32.const -8) (i32.const 1) (i32.const 16)) (return))
    ;; 10 and above: a good indirect call, no trap.
    (call $log32 (call_indirect (type $op) (local.get $kind) (i32.const 0))))

  ;; Float arithmetic whose bits show how NaNs are made.
  (func $floats (param $x f64)
    (local $y f64)
    (local.set $y (f64.sqrt (f64.neg (local.get $x))))
    (i64.store (i32.const 0x30) (i64.reinterpret_f64 (f64.add (local.get $y) (f64.const nan:0x4000000000001))))
    (call $log_bytes (i32.const 0x30) (i32.const 8))
    (i64.store (i32.const 0x30) (i64.reinterpret_f64 (f64.min (local.get $y) (f64.div (local.get $x) (f64.const 3)))))
    (call $log_bytes (i32.const 0x30) (i32.const 8))
    (call $log32 (i32.reinterpret_f32 (f32.demote_f64 (f64.mul (local.get $x) (f64.const 1e-39)))))
    (call $log32 (i32.trunc_sat_f64_s (local.get $y)))
    (call $log32 (i32.extend8_s (i32.trunc_sat_f64_u (local.get $x)))))

  @DISPATCH

  ;; The interpreter. Each operation starts with: code u8, a u8, b u16, c u32.
  (func $invoke (export "invoke") (param $params i32) (result i32)
    (local $code i32) (local $a i32) (local $b i32) (local $c i32) (local $x i32) (local $y i32) (local $op i32)
    (i32.store (i32.const 0x10) (local.get $params))
    (if (i32.eqz (local.get $params)) (then (return (i32.const 0))))
    ;; Load the parameters; the size of the block is at 0x08 then.
    (if (call $ipld_block_stat (i32.const 0) (local.get $params)) (then unreachable))
    (local.set $x (i32.load (i32.const 8)))
    (local.set $y (i32.const 0x10000))
    (if (i32.gt_u (local.get $x) (i32.const 0x30000)) (then
      (drop (memory.grow (i32.shr_u (local.get $x) (i32.const 16))))))
    (if (call $ipld_block_read (i32.const 0x20) (local.get $params) (i32.const 0) (local.get $y) (local.get $x))
      (then unreachable))
    (if (i32.or (i32.lt_u (local.get $x) (i32.const 4))
          (i32.ne (i32.load (local.get $y)) (i32.const 0x31474c46)))
      (then (return (call $construct (local.get $y) (local.get $x)))))
    (global.set $pc (i32.add (local.get $y) (i32.const 4)))
    (loop $next
      (local.set $op (global.get $pc))
      (local.set $code (i32.load8_u (local.get $op)))
      (local.set $a (i32.load8_u offset=1 (local.get $op)))
      (local.set $b (i32.load16_u offset=2 (local.get $op)))
      (local.set $c (i32.load offset=4 (local.get $op)))
      (local.set $x (i32.load offset=8 (local.get $op)))
      (local.set $y (i32.load offset=12 (local.get $op)))
      (global.set $pc (i32.add (local.get $op) (i32.const 8)))
      (global.set $args (global.get $pc))
      (block $end (block $call (block $data (block $log (block $trap (block $loop (block $grow (block $if_equal
      (block $return (block $fill (block $copy (block $spin (block $sum (block $size (block $floats (block $dive
        (br_table $end $call $data $log $trap $loop $grow $if_equal $return $fill $copy $spin $sum $size $floats $dive $end
          (local.get $code)))
        ;; 15 dive
        (call $log32 (call $dive (local.get $c)))
        (br $next))
        ;; 14 floats
        (call $floats (f64.convert_i32_s (local.get $c)))
        (br $next))
        ;; 13 size
        (call $log32 (memory.size))
        (br $next))
        ;; 12 sum of c, length x
        (global.set $pc (i32.add (global.get $pc) (i32.const 4)))
        (call $log32 (call $sum (local.get $c) (local.get $x)))
        (br $next))
        ;; 11 spin c times
        (block $spun (loop $again
          (br_if $spun (i32.eqz (local.get $c)))
          (local.set $c (i32.sub (local.get $c) (i32.const 1)))
          (br $again)))
        (br $next))
        ;; 10 copy to c from x, length y
        (global.set $pc (i32.add (global.get $pc) (i32.const 8)))
        (memory.copy (local.get $c) (local.get $x) (local.get $y))
        (br $next))
        ;; 9 fill c with a, length x
        (global.set $pc (i32.add (global.get $pc) (i32.const 4)))
        (memory.fill (local.get $c) (local.get $a) (local.get $x))
        (br $next))
        ;; 8 return the handle in argument 0
        (return (call $arg32 (i32.const 0))))
        ;; 7 if the word at x equals y, go to c
        (global.set $pc (i32.add (global.get $pc) (i32.const 8)))
        (if (i32.eq (i32.load (local.get $x)) (local.get $y))
          (then (global.set $pc (i32.add (i32.const 0x10000) (local.get $c)))))
        (br $next))
        ;; 6 grow by c pages
        (call $log32 (memory.grow (local.get $c)))
        (br $next))
        ;; 5 loop: count the word at x up; while it is below y, go to c
        (global.set $pc (i32.add (global.get $pc) (i32.const 8)))
        (i32.store (local.get $x) (i32.add (i32.load (local.get $x)) (i32.const 1)))
        (if (i32.lt_u (i32.load (local.get $x)) (local.get $y))
          (then (global.set $pc (i32.add (i32.const 0x10000) (local.get $c)))))
        (br $next))
        ;; 4 trap of kind a
        (call $trap (local.get $a))
        (br $next))
        ;; 3 log c, length x
        (global.set $pc (i32.add (global.get $pc) (i32.const 4)))
        (call $log_bytes (local.get $c) (local.get $x))
        (br $next))
        ;; 2 data to c, length x, bytes follow
        (global.set $pc (i32.add (global.get $pc) (i32.add (i32.const 4) (local.get $x))))
        (memory.copy (local.get $c) (i32.add (local.get $op) (i32.const 12)) (local.get $x))
        (br $next))
        ;; 1 syscall a with b arguments; c: 1 logs the error number, 2 the gas left
        (global.set $pc (i32.add (global.get $pc) (i32.mul (local.get $b) (i32.const 12))))
        (local.set $x (call $dispatch (local.get $a)))
        (if (i32.and (local.get $c) (i32.const 1)) (then (call $log32 (local.get $x))))
        (if (i32.and (local.get $c) (i32.const 2)) (then
          (drop (call $gas_available (i32.const 0x28)))
          (call $log_bytes (i32.const 0x28) (i32.const 8))))
        (br $next)))
    ;; 0 end: return the log as a raw block
    (if (i32.eq (global.get $log) (i32.const 0x4000)) (then (return (i32.const 0))))
    (local.set $x (call $ipld_block_create (i32.const 0x20) (i64.const 0x55) (i32.const 0x4000)
      (i32.sub (global.get $log) (i32.const 0x4000))))
    (if (local.get $x) (then
      (drop (call $vm_exit (i32.add (i32.const 200) (local.get $x)) (i32.const 0) (i32.const 0) (i32.const 0)))))
    (i32.load (i32.const 0x20)))

  ;; Makes the state an array of the one value in the parameters.
  (func $construct (param $from i32) (param $length i32) (result i32)
    (i32.store8 (i32.sub (local.get $from) (i32.const 1)) (i32.const 0x81))
    (if (call $ipld_block_create (i32.const 0x20) (i64.const 0x71) (i32.sub (local.get $from) (i32.const 1))
          (i32.add (local.get $length) (i32.const 1)))
      (then unreachable))
    (if (call $ipld_block_link (i32.const 0x24) (i32.load (i32.const 0x20)) (i64.const 0xb220) (i32.const 32)
          (i32.const 0x100) (i32.const 100))
      (then unreachable))
    (if (call $self_set_root (i32.const 0x100)) (then unreachable))
    (i32.const 0))

  @UPGRADE)
