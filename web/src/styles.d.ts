/** Of vite: a style sheet that a part brings along. */
declare module '*.css';
