/** Why a run does not begin. Nothing was made. */
export class Refusal extends Error {}
