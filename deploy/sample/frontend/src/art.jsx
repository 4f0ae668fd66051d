// SPDX-License-Identifier: Apache-2.0
// The goods, drawn. No photographs, so nothing has to be fetched or licensed.
const ink = '#2b2118';
const steel = '#e7e2da';

const shapes = {
    moka: (
        <>
            <path d="M38 92h44l-6-30H44z" fill={steel} />
            <path d="M44 62h32l8-30H40z" fill="#f6f2ec" />
            <path d="M36 32h48l-6-8H44z" fill={steel} />
            <circle cx="60" cy="20" r="4" fill={ink} />
            <path d="M84 36h12c4 0 5 3 4 6l-8 24" fill="none" stroke={ink} strokeWidth="6" strokeLinecap="round" />
            <path d="M40 34l-9 4 6 8" fill={steel} />
        </>
    ),
    dripper: (
        <>
            <path d="M28 30h64L72 64H48z" fill="#f6f2ec" />
            <path d="M40 34l12 26M60 34v26M80 34L68 60" stroke={steel} strokeWidth="3" />
            <rect x="38" y="64" width="44" height="7" rx="3" fill={steel} />
            <path d="M44 74h32l4 14a8 8 0 0 1-8 8H48a8 8 0 0 1-8-8z" fill="#fff" opacity="0.55" />
            <path d="M42 84h36l2 6a7 7 0 0 1-8 6H48a7 7 0 0 1-8-6z" fill={ink} />
        </>
    ),
    grinder: (
        <>
            <rect x="44" y="40" width="32" height="54" rx="6" fill="#f6f2ec" />
            <rect x="44" y="62" width="32" height="10" fill={ink} opacity="0.8" />
            <path d="M60 40V26h30" fill="none" stroke={steel} strokeWidth="6" strokeLinecap="round" />
            <circle cx="92" cy="22" r="7" fill={ink} />
        </>
    ),
    cup: (
        <>
            <ellipse cx="58" cy="90" rx="42" ry="7" fill="#f6f2ec" />
            <path d="M34 44h48v18a24 24 0 0 1-48 0z" fill="#fff" />
            <ellipse cx="58" cy="45" rx="24" ry="6" fill={ink} />
            <path d="M82 50h5a9 9 0 0 1 0 18h-7" fill="none" stroke="#fff" strokeWidth="6" />
            <path d="M52 34c0-6 5-6 5-13M64 34c0-6 5-6 5-13" fill="none" stroke="#fff" strokeWidth="3" strokeLinecap="round" opacity="0.7" />
        </>
    ),
    kettle: (
        <>
            <path d="M42 90h42l-6-40H48z" fill={steel} />
            <path d="M50 50h26l-4-8H54z" fill="#f6f2ec" />
            <circle cx="63" cy="37" r="5" fill={ink} />
            <path d="M44 80C24 80 32 50 18 46" fill="none" stroke={steel} strokeWidth="5" strokeLinecap="round" />
            <path d="M80 54c22-6 26 20 6 26" fill="none" stroke={ink} strokeWidth="6" strokeLinecap="round" />
        </>
    ),
    beans: (
        <>
            <path d="M36 34h48l4 56a6 6 0 0 1-6 6H38a6 6 0 0 1-6-6z" fill="#f1e3cf" />
            <path d="M36 34l5-12h38l5 12z" fill="#d9c3a3" />
            <ellipse cx="60" cy="66" rx="13" ry="18" fill={ink} transform="rotate(24 60 66)" />
            <path d="M54 52c10 8 2 18 12 28" fill="none" stroke="#f1e3cf" strokeWidth="3" />
        </>
    ),
    scale: (
        <>
            <rect x="24" y="60" width="72" height="32" rx="6" fill={steel} />
            <rect x="30" y="52" width="60" height="9" rx="3" fill="#f6f2ec" />
            <rect x="38" y="70" width="44" height="14" rx="3" fill={ink} />
            <text x="60" y="81" fill="#a7f3d0" fontSize="10" textAnchor="middle" fontFamily="monospace">18.0 g</text>
        </>
    ),
    towel: (
        <>
            <path d="M34 26h52v64H34z" fill="#f6f2ec" />
            <path d="M34 36h52M34 42h52M34 78h52" stroke={ink} strokeWidth="2.5" opacity="0.6" />
            <path d="M56 26c0-10 8-10 8 0" fill="none" stroke={steel} strokeWidth="4" />
            <path d="M60 26v64" stroke={steel} strokeWidth="2" />
        </>
    ),
};

export function Art({ kind, colour }) {
    return (
        <svg className="art" viewBox="0 0 120 112" role="img" aria-label="" aria-hidden="true">
            <rect width="120" height="112" fill={colour} />
            <circle cx="60" cy="60" r="46" fill="#fff" opacity="0.12" />
            {shapes[kind]}
        </svg>
    );
}
