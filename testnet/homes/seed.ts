/** What everybody's keys in a testnet follow from, where nobody asks for other people of the same names. */
export const SEED = 'skein testnet 1'
