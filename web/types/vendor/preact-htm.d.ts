// What the dashboard uses of htm's standalone build (preact and its hooks in one file).
// build.sh copies it to vendor/preact-htm.js; tsconfig's rootDirs lets these types stand in for it.

export function html(strings: TemplateStringsArray, ...values: any[]): any;
export function render(node: any, parent: Element): void;
export function useState<T>(initial: T | (() => T)): [T, (next: T | ((old: T) => T)) => void];
export function useEffect(effect: () => void | (() => void), deps?: readonly unknown[]): void;
export function useLayoutEffect(effect: () => void | (() => void), deps?: readonly unknown[]): void;
export function useMemo<T>(make: () => T, deps: readonly unknown[]): T;
export function useRef<T>(initial: T): { current: T };
export class Component {
    constructor(props: any);
    props: any;
    state: any;
    setState(change: object): void;
}
