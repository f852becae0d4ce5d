/** The signs that are offered for a reaction; any other can be typed. */
export const REACTIONS = [
  { emoji: '❤️', word: 'heart' }, { emoji: '👍', word: 'thumb up' }, { emoji: '😂', word: 'laugh' },
  { emoji: '😮', word: 'wow' }, { emoji: '😢', word: 'sad' }, { emoji: '🙏', word: 'thanks' }
] as const
