// The one list of what a person can do here: label, key, role, whether it asks twice.
//
// `role` is the least role, `exactly` means that a higher role does not do either (approving is for role
// risk alone). `twice` actions repeat in words what will happen before they are sent. Tightening and
// killing never ask twice. The server decides in the end; this list only keeps the page honest about it.

/** @import { Role } from "./types/shapes.js" */

/**
 * @typedef {object} Action
 * @property {string} label
 * @property {string | null} key the key that leads there; it never fires the action itself
 * @property {Role} role
 * @property {boolean} [exactly]
 * @property {string} [confirm] what the button of the second question says, when not the label
 * @property {boolean} twice
 * @property {string} says
 */

/** @type {Record<string, Action>} */
export const ACTIONS = {
  kill: {
    label: "Kill",
    key: "k",
    role: "trader",
    twice: false,
    says: "Halt the scope and cancel every resting order in it; flatten it too, if that is ticked",
  },
  resume: {
    label: "Resume",
    confirm: "Ask for approval",
    key: null,
    role: "risk",
    twice: true,
    says: "Ask a second person to let the scope trade again",
  },
  orderCancel: {
    label: "Cancel",
    key: "o",
    role: "trader",
    twice: false,
    says: "Cancel this order at the venue",
  },
  orderAmend: {
    label: "Amend",
    key: null,
    role: "trader",
    twice: false,
    says: "Change price or quantity of this order at the venue, through the gate",
  },
  orderPlace: {
    label: "Send order",
    key: "t",
    role: "trader",
    twice: false,
    says: "Send this order through the gate",
  },
  ordersCancelAll: {
    label: "Cancel all",
    key: null,
    role: "trader",
    twice: false,
    says: "Cancel every order of the scope at the venue; nothing is halted",
  },
  alertAcknowledge: {
    label: "I have it",
    key: "e",
    role: "trader",
    twice: false,
    says: "Say that you look after it; it stays until its cause is over",
  },
  handOverNote: {
    label: "Leave note",
    key: null,
    role: "trader",
    twice: false,
    says: "For whoever comes next; it is audited",
  },
  accountMake: {
    label: "Make account",
    confirm: "Make it",
    key: "u",
    role: "admin",
    twice: true,
    says: "Above viewer it needs a second person",
  },
  accountChange: {
    label: "Change account",
    confirm: "Change it",
    key: null,
    role: "admin",
    twice: true,
    says: "To give an account more needs a second person",
  },
  tokenMake: {
    label: "Make token",
    key: null,
    role: "admin",
    twice: false,
    says: "It is shown once",
  },
  tokenEnd: {
    label: "End token",
    confirm: "End it",
    key: null,
    role: "admin",
    twice: true,
    says: "Who uses it is refused from now on",
  },
  sessionEnd: {
    label: "End session",
    key: null,
    role: "viewer",
    twice: false,
    says: "Log this session out",
  },
  totpBegin: {
    label: "Set up a second factor",
    key: null,
    role: "viewer",
    twice: false,
    says: "A code of your authenticator is then asked for at each log-in",
  },
  totpRemove: {
    label: "Remove the second factor",
    confirm: "Remove it",
    key: null,
    role: "viewer",
    twice: true,
    says: "Your password alone then logs you in",
  },
  driftAdopt: {
    label: "Adopt the venue's count",
    key: null,
    role: "risk",
    twice: true,
    says: "The venue's count becomes our position, while the instrument is HALTED",
  },
  driftKeep: {
    label: "Keep ours",
    key: null,
    role: "risk",
    twice: true,
    says: "Our position stays; the difference stops nothing more until it changes",
  },
  approve: {
    label: "Approve",
    key: "a",
    role: "risk",
    exactly: true,
    twice: true,
    says: "Let the change apply",
  },
  reject: {
    label: "Reject",
    key: null,
    role: "risk",
    exactly: true,
    twice: false,
    says: "Refuse the change",
  },
  approveGrant: {
    label: "Approve",
    key: null,
    role: "risk",
    twice: true,
    says: "Let the account have it",
  },
  rejectGrant: {
    label: "Reject",
    key: null,
    role: "risk",
    twice: false,
    says: "Refuse the change",
  },
  limitsChange: {
    label: "Change limits",
    key: "l",
    role: "risk",
    twice: false,
    says: "Tightening applies at once, loosening waits for a second person",
  },
  limitsWhatIf: {
    label: "What if?",
    key: null,
    role: "risk",
    twice: false,
    says: "Judge the orders of the last hour by these values; nothing is changed",
  },
  limitsRevert: {
    label: "Bring back",
    confirm: "Bring it back",
    key: null,
    role: "risk",
    twice: true,
    says: "Put what stood then; what loosens waits for a second person",
  },
  strategyChange: {
    label: "Set parameters",
    key: "s",
    role: "risk",
    twice: false,
    says: "In force when the answer comes",
  },
  strategyDisable: {
    label: "Disable",
    key: null,
    role: "risk",
    twice: false,
    says: "Stop asking it, and cancel what it has working",
  },
  strategyStop: {
    label: "Stop",
    key: null,
    role: "risk",
    twice: true,
    says: "Ask it for nothing more, and cancel what it has working",
  },
  strategyEnable: {
    label: "Enable",
    confirm: "Ask for approval",
    key: null,
    role: "risk",
    twice: true,
    says: "Ask a second person to let it trade",
  },
  logOut: {
    label: "Log out",
    key: null,
    role: "viewer",
    twice: false,
    says: "End this session",
  },
};

/** @type {Role[]} */
const RANK = ["viewer", "trader", "risk", "admin"];

/**
 * @param {Role | undefined} role
 * @param {Role} least
 */
export function roleReaches(role, least) {
  return role !== undefined && RANK.indexOf(role) >= RANK.indexOf(least);
}

/**
 * Why this role may not do it, in words; empty when it may.
 * @param {Action} action
 * @param {Role | undefined} role
 */
export function actionRefusal(action, role) {
  if (action.exactly) {
    return role === action.role ? "" : `Only role ${action.role} may do this`;
  }
  return roleReaches(role, action.role) ? "" : `Needs role ${action.role}`;
}

/**
 * What a key leads to: the id of the element to focus is `at-<action>`.
 * @param {string} key
 */
export function actionOfKey(key) {
  return Object.keys(ACTIONS).find((id) => ACTIONS[id].key === key) ?? null;
}
