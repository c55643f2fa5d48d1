// Chart.js is a classic script of its own (the UMD build) and so a global.
declare const Chart: any;
