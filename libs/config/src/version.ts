/** That of package.json, where the built files don't find it; a test compares the two. */
export const version = '0.1.0';
