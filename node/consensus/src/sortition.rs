//! How often a miner won: Poisson sortition in fixed-point arithmetic, so that every node counts the same (FIP-0001's time;
//! Filecoin spec, "Election"; Lotus, `chain/types/electionproof.go`).
//!
//! The VRF's output, as a number h in [0, 1), is held against the upper tail of a Poisson distribution with the rate
//! λ = power · blocks per epoch / total power: the miner won j times if h is below the probability of j wins or more, and not
//! below that of j + 1 or more. e^-λ comes from a rational function whose error is below 3.4e-30 for λ < 1.725 and below
//! 4.6e-15 for λ < 5. Numbers are Q.256: integers that stand for themselves times 2^-256.

use std::sync::LazyLock;

use fvm_shared::bigint::{BigInt, Integer, Sign, Zero};
use num_traits::Signed;

use crate::draw::digest;

const PRECISION_BITS: usize = 256;

/// Numerator of e^-x, times 2^128, the highest power of x first.
const NUMERATOR: [&str; 8] = [
    "-648770010757830093818553637600",
    "67469480939593786226847644286976",
    "-3197587544499098424029388939001856",
    "89244641121992890118377641805348864",
    "-1579656163641440567800982336819953664",
    "17685496037279256458459817590917169152",
    "-115682590513835356866803355398940131328",
    "340282366920938463463374607431768211456",
];

/// Its denominator, likewise.
const DENOMINATOR: [&str; 14] = [
    "1225524182432722209606361",
    "114095592300906098243859450",
    "5665570424063336070530214243",
    "194450132448609991765137938448",
    "5068267641632683791026134915072",
    "104716890604972796896895427629056",
    "1748338658439454459487681798864896",
    "23704654329841312470660182937960448",
    "259380097567996910282699886670381056",
    "2250336698853390384720606936038375424",
    "14978272436876548034486263159246028800",
    "72144088983913131323343765784380833792",
    "224599776407103106596571252037123047424",
    "340282366920938463463374607431768211456",
];

static COEFFICIENTS: LazyLock<(Vec<BigInt>, Vec<BigInt>)> = LazyLock::new(|| {
    let parse = |texts: &[&str]| -> Vec<BigInt> {
        let integers = texts
            .iter()
            .map(|text| text.parse::<BigInt>().expect("coefficients are integers"));
        integers.map(|i| i << (PRECISION_BITS - 128)).collect()
    };
    (parse(&NUMERATOR), parse(&DENOMINATOR))
});

/// How often the output of a VRF won. A miner without power, and any in a network without, never wins; none wins more than
/// three times the blocks of an epoch.
pub fn win_count(
    vrf_proof: &[u8],
    power: &BigInt,
    total_power: &BigInt,
    blocks_per_epoch: u64,
) -> i64 {
    if !total_power.is_positive() || power.is_negative() {
        return 0;
    }
    let drawn = BigInt::from_bytes_be(Sign::Plus, &digest(vrf_proof));
    let rate = ((power * blocks_per_epoch) << PRECISION_BITS).div_floor(total_power);
    let most = i64::try_from(blocks_per_epoch.saturating_mul(3)).unwrap_or(i64::MAX);
    let mut tail = Tail::new(rate);
    let mut wins: i64 = 0;
    while drawn < tail.above && wins < most {
        tail.advance();
        wins = wins.saturating_add(1);
    }
    wins
}

/// The upper tail of a Poisson distribution, from 0 upwards.
struct Tail {
    /// Q.256.
    rate: BigInt,
    /// The number of events the fields below are for.
    events: u64,
    /// Probability of so many events, Q.256.
    exactly: BigInt,
    /// Probability of more than so many, Q.256.
    above: BigInt,
}

impl Tail {
    fn new(rate: BigInt) -> Self {
        let none = exp_of_negative(&rate);
        Self {
            above: (BigInt::from(1) << PRECISION_BITS) - &none,
            exactly: none,
            events: 0,
            rate,
        }
    }

    /// One event more.
    fn advance(&mut self) {
        self.events = self.events.saturating_add(1);
        // The order of these steps decides about the last bit.
        let shared = self.exactly.div_floor(&BigInt::from(self.events));
        self.exactly = (shared * &self.rate) >> PRECISION_BITS;
        self.above -= &self.exactly;
    }
}

/// e^-x, both Q.256.
fn exp_of_negative(x: &BigInt) -> BigInt {
    let (numerator, denominator) = &*COEFFICIENTS;
    let numerator = polynomial(numerator, x) << PRECISION_BITS;
    let denominator = polynomial(denominator, x);
    if denominator.is_zero() {
        // All its coefficients are positive, and so is x.
        return BigInt::zero();
    }
    numerator.div_floor(&denominator)
}

/// The polynomial of these coefficients, the highest first, at `x`; all Q.256.
fn polynomial(coefficients: &[BigInt], x: &BigInt) -> BigInt {
    // Shifting rounds towards minus infinity, as the network's implementation does.
    let step = |sum: BigInt, coefficient: &BigInt| ((sum * x) >> PRECISION_BITS) + coefficient;
    coefficients.iter().fold(BigInt::zero(), step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(text: &str) -> BigInt {
        text.parse().unwrap()
    }

    /// Values that Lotus holds in tests of its own (`TestExpFunction`).
    #[test]
    fn e_to_minus_x_has_the_networks_bits() {
        for (x, expected) in [
            (
                "0",
                "115792089237316195423570985008687907853269984665640564039457584007913129639936",
            ),
            (
                "2270433122300317557324921274680155055946470287561579687048187921723786855685",
                "113543770489016942962237377411819033281128847358465443152965692667674515268459",
            ),
            (
                "286074573409840012222940080609699537049255256232759040568071678137197143816310",
                "9788497907845338332079968817743865213174453409259845129758908478094549262272",
            ),
            (
                "578960446186580977117854925043439539266349923328202820197287920039565648199675",
                "780200960193843203865524721501305631184795994974723658032277935470179306730",
            ),
        ] {
            assert_eq!(exp_of_negative(&int(x)), int(expected), "{x}");
        }
    }

    /// Values that Lotus holds in tests of its own (`TestPoissonFunction`): rate, then the tail above 0, 1, … 15.
    #[test]
    fn tails_have_the_networks_bits() {
        let small: [&str; 16] = [
            "1125278653883954157340515998824199281259686237023612910954531537010133365568",
            "5485581780123676224984074899749002236148166431650497590243915223971292577",
            "17842170241691453912141677461647358103546946338181118738604570718548080",
            "43538699106868068808561503680708109912117284430088557923220935824303",
            "85008817354919776986513548953593326094752560579206896166859206326",
            "138328508214407784218646352510285887677303021571444942144212932",
            "192946940473264032619492808002293590266469557064324916486706",
            "235498963868775663540157747991701194152938740691242898919",
            "255504995002156513848360474242833468958493714151012216",
            "249505772801580009049072856702435230216536441494110",
            "232834101038081471620316286291642591265760137159",
            "11533551765583311484083562200606025547302501012",
            "11353456917542541496993529059255898133794641608",
            "11353321629946357024346977051186975261639061786",
            "11353321535577219060847642123725989684858819334",
            "11353321535515780819985988910882590605707269697",
        ];
        let five: [&str; 16] = [
            "115011888277122352219705460287186602222085188670665840381425306072442950421456",
            "111110883476153136200377836679680074066161208695792222091263916395092054329056",
            "101358371473730096152058777660913753676351258758608176365860442201714814098056",
            "85104184803025029404860345962969886360001342196634766823521318546086080379726",
            "64786451464643695970862306340540052214563946494168004895597413976550163231816",
            "44468718126262362536864266718110218069126550791701242967673509407014246083906",
            "27537273677611251341865900366085356281262054372978941361070255599067648460651",
            "15443384785717600488295638686067597861358842645320154499210788593391507301186",
            "7884704228284068704814225136056498848919335315533412710548621714843919076521",
            "3685437251932106602880106497161443842008497910096333939069640115650814507266",
            "1585803763756125551913047177713916338553079207377794553330149316054262222641",
            "631424905494315983291656577965040200618797978869367559812198952601283911451",
            "233767047885228663032743828069675143146180800324189645846386301162542948456",
            "80821718035579693702392770417611659502866500883736602013381435224565655001",
            "26198385946419347512981678399017558201682822512146229215879697389573764486",
            "7990608583365898783177981059486191101288263054949438283379118111243134316",
        ];
        let rates = [
            (BigInt::from(10) << (PRECISION_BITS - 10), small),
            (BigInt::from(5) << PRECISION_BITS, five),
        ];
        for (rate, tails) in rates {
            let mut tail = Tail::new(rate);
            for expected in tails {
                assert_eq!(tail.above, int(expected));
                tail.advance();
            }
        }
    }

    /// Lotus' `TestWinCounts`, with fewer draws: a fifth of the power wins one block per epoch on average.
    #[test]
    fn a_fifth_of_the_power_wins_once_an_epoch() {
        let (power, total) = (BigInt::from(20), BigInt::from(100));
        let draws: u32 = 20_000;
        let wins: i64 = (0..draws)
            .map(|i| win_count(&i.to_le_bytes(), &power, &total, 5))
            .sum();
        // The standard deviation is 141.
        assert!((19_400..20_600).contains(&wins), "{wins}");
    }

    #[test]
    fn powers_at_the_border() {
        let one = BigInt::from(1);
        let zero = BigInt::zero();
        for i in 0..50u8 {
            assert_eq!(win_count(&[i], &zero, &one, 5), 0);
            assert_eq!(win_count(&[i], &zero, &zero, 5), 0);
            assert_eq!(win_count(&[i], &one, &zero, 5), 0);
            assert!((0..=15).contains(&win_count(&[i], &one, &one, 5)));
        }
        // No claim is larger than the sum of all, but a caller's mistake must end, too.
        let huge = BigInt::from(1) << 200;
        assert!((0..=15).contains(&win_count(&[1], &huge, &one, 5)));
    }
}
