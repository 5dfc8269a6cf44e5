/* The portal's behaviour, in small modules; each finds its elements by data attributes. */
