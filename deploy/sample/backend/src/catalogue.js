// SPDX-License-Identifier: Apache-2.0
// What is sold. Prices are in cents.
export const products = [
    {
        id: 'moka', name: 'Moka pot', price: 3490, colour: '#b45309', art: 'moka',
        line: 'Three cups, one flame.',
        text: 'Cast aluminium, a walnut handle, and a valve you can hear. Makes three small cups '
            + 'or one that means it.',
    },
    {
        id: 'dripper', name: 'Pour-over dripper', price: 2450, colour: '#0f766e', art: 'dripper',
        line: 'Slow mornings, clear cups.',
        text: 'Stoneware with spiral ribs that keep the paper off the wall, so the water finds '
            + 'its way evenly. Takes size 02 filters.',
    },
    {
        id: 'grinder', name: 'Hand grinder', price: 7900, colour: '#44403c', art: 'grinder',
        line: 'Forty clicks from Turkish to French.',
        text: 'Conical steel burrs on two bearings. Sixty turns for a cup, and not a socket in '
            + 'sight.',
    },
    {
        id: 'cup', name: 'Espresso cup', price: 1250, colour: '#be123c', art: 'cup',
        line: 'Thick walls, small handle.',
        text: 'Porcelain, 70 ml, heavy enough to keep the warmth and light enough for a saucer.',
    },
    {
        id: 'kettle', name: 'Gooseneck kettle', price: 6400, colour: '#1d4ed8', art: 'kettle',
        line: 'Pours where you look.',
        text: 'Brushed steel for gas and induction, with a thermometer in the lid and a spout '
            + 'that does as it is told.',
    },
    {
        id: 'beans', name: 'House beans, 500 g', price: 1490, colour: '#713f12', art: 'beans',
        line: 'Chocolate, hazelnut, a little plum.',
        text: 'Two farms from Huila and one from Sidamo, roasted on Tuesdays. The bag says when.',
    },
    {
        id: 'scale', name: 'Brewing scale', price: 4200, colour: '#4338ca', art: 'scale',
        line: 'To a tenth of a gram.',
        text: 'With a timer that starts at the first drop. Charges by USB-C, lasts a month.',
    },
    {
        id: 'towel', name: 'Linen bar towel', price: 990, colour: '#15803d', art: 'towel',
        line: 'For the drop beside the cup.',
        text: 'Washed linen with a loop. Gets better each time it is boiled.',
    },
];

const byId = new Map(products.map((product) => [product.id, product]));

export const productOf = (id) => byId.get(id) ?? null;

export function priceOf(lines) {
    return lines.reduce((sum, { id, quantity }) => sum + byId.get(id).price * quantity, 0);
}
