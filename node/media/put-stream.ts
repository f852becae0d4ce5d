/**
 * One stream by which we put a blob to one relay: what it promises, what it lacks, and what it signs for at the end. Law:
 * docs/protocols/media.md, "Transfer" (`put`).
 */
