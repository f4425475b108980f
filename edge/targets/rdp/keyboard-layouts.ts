// Windows' keyboard layouts: which sign is on which key, and with which modifiers. Windows' own, since a machine's keyboard is Windows'; where X's layout
// of that name differs, test/unit/targets/rdp-keyboard-layouts.test.ts says in what.
import type { KeyboardName } from "../../../shared/document/keyboard.ts";

export interface KeyboardLayout {
  /** Windows' number of the layout (a KLID), which a session that begins takes. */
  readonly number: number;
  /** Four rows from above, each from the left, in the order of `keyCodes`. */
  readonly plain: string;
  readonly shift: string;
  /** Pairs: the key's plain sign, and what it types with AltGr. None: the right Alt key is another Alt. */
  readonly altGr: string;
  readonly shiftAltGr: string;
  /** Keys that wait for a letter, and the letters that they take; a sign that stands on two keys waits on the first one alone. */
  readonly dead: Readonly<Record<string, string>>;
}

/** Stands where a key types nothing. */
export const noSign = "␀";

/** Scan codes (set 1) of the keys that type signs, as the rows of a layout have them. */
export const keyCodes: readonly number[] = [
  [0x29, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d],
  [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b],
  [0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x2b],
  [0x56, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35],
].flat();

const acute = "aeiouyAEIOUY";
const grave = "aeiouAEIOU";
const circumflex = "aeiouAEIOU";
const diaeresis = "aeiouyAEIOU";
const tilde = "anoANO";
const northern = { "´": acute, "`": grave, "^": circumflex, "¨": diaeresis, "~": tilde };

const us = {
  plain: "`1234567890-= qwertyuiop[] asdfghjkl;'\\ \\zxcvbnm,./",
  shift: '~!@#$%^&*()_+ QWERTYUIOP{} ASDFGHJKL:"| |ZXCVBNM<>?',
};

const swedish = {
  plain: "§1234567890+´ qwertyuiopå¨ asdfghjklöä' <zxcvbnm,.-",
  shift: '½!"#¤%&/()=?` QWERTYUIOPÅ^ ASDFGHJKLÖÄ* >ZXCVBNM;:_',
  altGr: "2@ 3£ 4$ 5€ 7{ 8[ 9] 0} +\\ e€ ¨~ <| mµ",
  shiftAltGr: "",
  dead: northern,
};

export const keyboardLayouts: Readonly<Record<KeyboardName, KeyboardLayout>> = {
  us: { number: 0x0409, ...us, altGr: "", shiftAltGr: "", dead: {} },
  "us-intl": {
    number: 0x20409,
    ...us,
    altGr:
      "1¡ 2² 3³ 4¤ 5€ 6¼ 7½ 8¾ 9‘ 0’ -¥ =× qä wå eé r® tþ yü uú ií oó pö [« ]» aá sß dð lø ;¶ '´ \\¬ zæ c© nñ mµ ,ç /¿",
    shiftAltGr: "1¹ 4£ =÷ qÄ wÅ eÉ tÞ yÜ uÚ iÍ oÓ pÖ aÁ s§ dÐ lØ ;° '¨ \\¦ zÆ c¢ nÑ ,Ç",
    dead: { "'": acute, '"': diaeresis, "`": grave, "^": circumflex, "~": tilde },
  },
  gb: {
    number: 0x0809,
    plain: "`1234567890-= qwertyuiop[] asdfghjkl;'# \\zxcvbnm,./",
    shift: '¬!"£$%^&*()_+ QWERTYUIOP{} ASDFGHJKL:@~ |ZXCVBNM<>?',
    altGr: "`¦ 4€ eé uú ií oó aá",
    shiftAltGr: "eÉ uÚ iÍ oÓ aÁ",
    dead: {},
  },
  de: {
    number: 0x0407,
    plain: "^1234567890ß´ qwertzuiopü+ asdfghjklöä# <yxcvbnm,.-",
    shift: "°!\"§$%&/()=?` QWERTZUIOPÜ* ASDFGHJKLÖÄ' >YXCVBNM;:_",
    altGr: "2² 3³ 7{ 8[ 9] 0} ß\\ q@ e€ +~ <| mµ",
    shiftAltGr: "",
    dead: { "^": circumflex, "´": acute, "`": grave },
  },
  "ch-de": {
    number: 0x0807,
    plain: "§1234567890'^ qwertzuiopü¨ asdfghjklöä$ <yxcvbnm,.-",
    shift: '°+"*ç%&/()=?` QWERTZUIOPè! ASDFGHJKLéà£ >YXCVBNM;:_',
    altGr: "1¦ 2@ 3# 6¬ 7| 8¢ '´ ^~ e€ ü[ ¨] ä{ $} <\\",
    shiftAltGr: "",
    dead: northern,
  },
  fr: {
    number: 0x040c,
    plain: "²&é\"'(-è_çà)= azertyuiop^$ qsdfghjklmù* <wxcvbn,;:!",
    shift: `${noSign}1234567890°+ AZERTYUIOP¨£ QSDFGHJKLM%µ >WXCVBN?./§`,
    altGr: "é~ \"# '{ ([ -| è` _\\ ç^ à@ )] =} e€ $¤",
    shiftAltGr: "",
    dead: { "^": circumflex, "¨": diaeresis, "`": grave, "~": tilde },
  },
  be: {
    number: 0x080c,
    plain: "²&é\"'(§è!çà)- azertyuiop^$ qsdfghjklmùµ <wxcvbn,;:=",
    shift: "³1234567890°_ AZERTYUIOP¨* QSDFGHJKLM%£ >WXCVBN?./+",
    altGr: '&| é@ "# §^ ç{ à} e€ ^[ $] ù´ µ` <\\ =~',
    shiftAltGr: "",
    dead: northern,
  },
  it: {
    number: 0x0410,
    plain: "\\1234567890'ì qwertyuiopè+ asdfghjklòàù <zxcvbnm,.-",
    shift: '|!"£$%&/()=?^ QWERTYUIOPé* ASDFGHJKLç°§ >ZXCVBNM;:_',
    altGr: "e€ è[ +] ò@ à#",
    shiftAltGr: "è{ +}",
    dead: {},
  },
  es: {
    number: 0x040a,
    plain: "º1234567890'¡ qwertyuiop`+ asdfghjklñ´ç <zxcvbnm,.-",
    shift: 'ª!"·$%&/()=?¿ QWERTYUIOP^* ASDFGHJKLÑ¨Ç >ZXCVBNM;:_',
    altGr: "º\\ 1| 2@ 3# 4~ 6¬ e€ `[ +] ´{ ç}",
    shiftAltGr: "",
    dead: northern,
  },
  pt: {
    number: 0x0816,
    plain: "\\1234567890'« qwertyuiop+´ asdfghjklçº~ <zxcvbnm,.-",
    shift: '|!"#$%&/()=?» QWERTYUIOP*` ASDFGHJKLÇª^ >ZXCVBNM;:_',
    altGr: "2@ 3£ 4§ 7{ 8[ 9] 0} e€ +¨",
    shiftAltGr: "",
    dead: northern,
  },
  /** Polish (Programmers). */
  pl: {
    number: 0x0415,
    ...us,
    altGr: "eę u€ oó aą sś lł zż xź cć nń",
    shiftAltGr: "eĘ oÓ aĄ sŚ lŁ zŻ xŹ cĆ nŃ",
    dead: { "~": "" },
  },
  cz: {
    number: 0x0405,
    plain: ";+ěščřžýáíé=´ qwertzuiopú) asdfghjklů§¨ \\yxcvbnm,.-",
    shift: "°1234567890%ˇ QWERTZUIOP/( ASDFGHJKL\"!' |YXCVBNM?:_",
    altGr: "+~ š^ č˘ ž˛ ý` á˙ é˝ ´¸ e€ ú÷ )× sđ dĐ f[ g] kł lŁ ů$ §ß ¨¤ x# c& v@ b{ n} ,< .> -*",
    shiftAltGr: "",
    dead: {
      "´": `${acute}clnrszCLNRSZ`,
      ˇ: "cdelnrstzCDELNRSTZ",
      "°": "auAU",
      "^": circumflex,
      "˘": "agAG",
      "˛": "aeiuAEIU",
      "`": grave,
      "˙": "ezEZ",
      "˝": "ouOU",
      "¨": diaeresis,
      "¸": "cstCST",
    },
  },
  se: { number: 0x041d, ...swedish },
  fi: { number: 0x040b, ...swedish },
  dk: {
    number: 0x0406,
    plain: "½1234567890+´ qwertyuiopå¨ asdfghjklæø' <zxcvbnm,.-",
    shift: '§!"#¤%&/()=?` QWERTYUIOPÅ^ ASDFGHJKLÆØ* >ZXCVBNM;:_',
    altGr: "2@ 3£ 4$ 7{ 8[ 9] 0} ´| e€ ¨~ <\\ mµ",
    shiftAltGr: "",
    dead: northern,
  },
  no: {
    number: 0x0414,
    plain: "|1234567890+\\ qwertyuiopå¨ asdfghjkløæ' <zxcvbnm,.-",
    shift: '§!"#¤%&/()=?` QWERTYUIOPÅ^ ASDFGHJKLØÆ* >ZXCVBNM;:_',
    altGr: "2@ 3£ 4$ 7{ 8[ 9] 0} \\´ e€ ¨~ mµ",
    shiftAltGr: "",
    dead: northern,
  },
};
